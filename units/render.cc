#include "units/render.h"

#include <fmt/ranges.h>

#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "units/directive_words.h"
#include "units/escape.h"
#include "units/hardening.h"
#include "units/host_files.h"
#include "units/host_paths.h"
#include "units/shared_user.h"
#include "units/starters.h"

namespace units {
namespace {

std::string Title(const std::string& name, const std::string& version) {
  return ForPeople(name + (version.empty() ? "" : " " + version));
}

Section UnitSection(const std::string& description, const std::string& service_name,
                    const images::Service& service, const std::string& root) {
  Section out{"Unit", {}};
  out.Add("Description", description);
  // A mount that comes late at boot must not find the service writing to the folder below it.
  std::vector<std::string> paths = HostPathsOf(service_name, service);
  paths.insert(paths.begin(), ListedPath(root));
  out.Add("RequiresMountsFor", fmt::format("{}", fmt::join(paths, " ")));
  for (const images::Bind& bind : service.binds) {
    if (bind.mounted) {
      out.Add("AssertPathIsMountPoint", WholePath(bind.host));
    }
  }
  AddPlace(out);
  return out;
}

void AddSocket(const std::string& name, const images::Service& service, Section& unit) {
  if (!service.listen.empty()) {
    unit.Add("Requires", name + ".socket");
  }
}

void AddUser(const std::string& name, const images::Service& service,
             const std::string& version_path, Section& out) {
  if (!service.user) {
    out.Add("DynamicUser", "yes");
    if (HasTasks(service)) {
      out.Add("User", SharedUser(name));
    }
    return;
  }
  out.Add("User", *service.user);
  // Not found is no reason not to start: a version that was pushed anew gets them at the next
  // activation or boot.
  for (const char* file : {kPasswdFile, kGroupFile}) {
    out.Add("BindReadOnlyPaths",
            fmt::format("-{}:/etc/{}", ListedPath(fmt::format("{}/{}", version_path, file)), file));
  }
}

void AddExecution(const images::Service& service, Section& out) {
  out.Add("Type", service.type);
  for (const images::Command& command : service.exec_start_pre) {
    out.Add("ExecStartPre", ExecLine(command));
  }
  out.Add("ExecStart", ExecLine(service.exec));
  if (service.schedule) {
    return;  // the timer starts it again only where it is not active any more
  }
  if (service.type == "oneshot") {
    out.Add("RemainAfterExit", "yes");
  } else {
    out.Add("Restart", "on-failure");
  }
}

void AddDirectories(const std::string& name, const images::Service& service, Section& out) {
  if (service.state) {
    out.Add("StateDirectory", name);
  }
  if (service.logs) {
    out.Add("LogsDirectory", name);
  }
  if (service.cache) {
    out.Add("CacheDirectory", name);
  }
  if (service.runtime) {
    out.Add("RuntimeDirectory", name);
  }
}

// One environment on every host: without these lines PATH, and the language that the host's
// administrator reads, come from the host's systemd and /etc/locale.conf. An empty LC_* counts as
// none, and can still be set by the lines after it.
constexpr const char* kEnvironmentOfEveryHost =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 LANGUAGE= "
    "LC_ALL= LC_CTYPE= LC_NUMERIC= LC_TIME= LC_COLLATE= LC_MONETARY= LC_MESSAGES= LC_PAPER= "
    "LC_NAME= LC_ADDRESS= LC_TELEPHONE= LC_MEASUREMENT= LC_IDENTIFICATION=";

void AddEnvironment(const images::Service& service, Section& out) {
  out.Add("Environment", kEnvironmentOfEveryHost);
  if (service.host_files.certificates.value_or(false)) {  // OpenSSL looks elsewhere by default
    out.Add("Environment", std::string("SSL_CERT_FILE=") + kCertificatesInImage);
  }
  for (const auto& [name, value] : service.environment) {
    out.Add("Environment", Word(name + "=" + value));
  }
  if (service.environment_file) {
    out.Add("EnvironmentFile", WholePath(*service.environment_file));
  }
  for (const auto& [name, file] : service.credentials) {
    out.Add("LoadCredential", name + ":" + WholePath(file));
  }
}

void AddSecrets(const images::Manifest& manifest, const images::Service& service,
                const images::HostLayout& host, images::SecretForm form, Section& out) {
  const bool is_encrypted = form == images::SecretForm::kEncrypted;
  for (const std::string& key : service.secrets) {
    out.Add(is_encrypted ? "LoadCredentialEncrypted" : "LoadCredential",
            key + ":" + WholePath(host.Secret(form, manifest.name, key)));
  }
}

// syslog(3) and sd_journal_print(3) reach the journal. systemd binds these itself as of 257.
constexpr const char* kLogSockets =
    "-/run/systemd/journal/dev-log -/run/systemd/journal/socket -/run/systemd/journal/stdout";

void AddHostFiles(const images::Service& service, Section& out) {
  const auto bind = [&](const char* file, const char* path) {
    out.Add("BindReadOnlyPaths", fmt::format("-{}/{}:{}", kHostFiles, file, path));
  };
  bind(kResolvConf, "/etc/resolv.conf");
  out.Add("BindReadOnlyPaths", "-/etc/machine-id");
  if (service.host_files.hosts) {
    bind(kHosts, "/etc/hosts");
  }
  if (service.host_files.time_zone) {
    out.Add("BindReadOnlyPaths", "-/etc/localtime");
  }
  if (service.host_files.certificates.value_or(false)) {
    bind(kCertificates, kCertificatesInImage);
  }
  const bool own_journal = DirectiveOf(service, "Service", "LogNamespace") != nullptr;
  if (!own_journal && !IsOff(service, "BindLogSockets")) {
    out.Add("BindReadOnlyPaths", kLogSockets);
  }
}

void AddImage(const images::ImageFacts& image, const images::Service& service,
              const std::string& version_path, Section& out) {
  out.Add("RootImage", WholePath(version_path + "/" + images::kImageFile));
  if (image.verity_root) {
    out.Add("RootHash", image.verity_root->ToHex());
    out.Add("RootVerity", WholePath(version_path + "/" + images::kVerityFile));
  }
  out.Add("MountAPIVFS", "yes");
  AddHostFiles(service, out);
  for (const images::Bind& bind : service.binds) {
    out.Add(bind.writable ? "BindPaths" : "BindReadOnlyPaths",
            ListedPath(bind.host) + ":" + ListedPath(bind.image));
  }
}

RenderedUnit RenderService(const images::StoredManifest& stored, const std::string& name,
                           const images::Service& service, const std::string& version_path,
                           const std::string& version, images::SecretForm form) {
  const images::Manifest& manifest = stored.manifest;
  const std::string root = base::ParentOf(base::ParentOf(version_path));
  const std::string title = Title(manifest.name, version);
  const std::string description = name == manifest.name ? title : name + " of " + title;
  Sections sections = {UnitSection(description, name, service, root), {"Service", {}}};
  AddSocket(name, service, sections.front());
  Section& body = sections.back();
  AddExecution(service, body);
  AddUser(name, service, version_path, body);
  AddDirectories(name, service, body);
  AddEnvironment(service, body);
  AddSecrets(manifest, service, images::HostLayout(root), form, body);
  AddImage(manifest.image, service, version_path, body);
  for (Line& line : HardeningLines(service.hardening, service.ports)) {
    body.lines.push_back(std::move(line));
  }
  ApplyDirectives(service, {"Socket", "Timer"}, sections);
  return {name + ".service",
          ToText(fmt::format("the image {}/{} ({})", manifest.name, stored.id.text(),
                             Title(manifest.name, manifest.version)),
                 sections)};
}

std::vector<RenderedUnit> RenderAll(const images::StoredManifest& stored, const std::string& name,
                                    const images::Service& service, const std::string& version_path,
                                    const std::string& version, images::SecretForm form) {
  std::vector<RenderedUnit> out = {
      RenderService(stored, name, service, version_path, version, form)};
  if (!service.listen.empty()) {
    out.push_back({name + ".socket", SocketText(stored.manifest.name, name, service)});
  }
  if (service.schedule) {
    out.push_back({name + ".timer", TimerText(stored.manifest.name, name, service)});
  }
  return out;
}

}  // namespace

std::vector<RenderedUnit> Render(const images::StoredManifest& stored,
                                 const std::string& version_path, images::SecretForm form) {
  return Render(stored, version_path, stored.manifest.version, form);
}

std::vector<RenderedUnit> Render(const images::StoredManifest& stored,
                                 const std::string& version_path, const std::string& version,
                                 images::SecretForm form) {
  std::vector<RenderedUnit> out;
  for (const auto& [name, service] : stored.manifest.services) {
    try {
      for (RenderedUnit& unit : RenderAll(stored, name, service, version_path, version, form)) {
        out.push_back(std::move(unit));
      }
    } catch (base::Error& error) {
      error.AddContext("services." + name);
      throw;
    }
  }
  return out;
}

bool DifferInDescriptionAlone(const std::string& unit_text, const std::string& other) {
  const auto without = [](std::string text) {
    constexpr std::string_view kOption = "\nDescription=";
    if (const size_t at = text.find(kOption); at != std::string::npos) {
      text.erase(at, text.find('\n', at + 1) - at);
    }
    return text;
  };
  return without(unit_text) == without(other);
}

}  // namespace units
