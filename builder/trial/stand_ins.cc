#include "builder/trial/stand_ins.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/trial/this_machine.h"
#include "units/directive_words.h"
#include "units/host_files.h"
#include "units/unit_paths.h"

namespace builder {
namespace {

using Lines = std::map<std::string, std::string>;

class Maker {
 public:
  Maker(TrialService& out, std::string folder) : out_(out), folder_(std::move(folder)) {}

  void Run() {
    images::Service& service = out_.service;
    Lines& lines = service.directives["Service"];
    SetUser(service, lines);
    ReplaceDirectories(service, lines);
    TakeBinds(service, lines);
    for (images::Bind& bind : service.binds) {
      ReplaceBind(bind);
    }
    ReplaceSecrets(service);
    ReplaceHostFiles(service);
    lines["Restart"] = "no";  // an end is seen at once
    lines["PrivateNetwork"] = "yes";
    lines.erase("NetworkNamespacePath");
    lines["BindLogSockets"] = "no";  // what it logs is not this machine's
    lines["TimeoutStopSec"] = "5";
    service.schedule.reset();  // it runs now
  }

 private:
  std::string NewPath() { return fmt::format("{}/{}", folder_, ++count_); }

  void GiveAway(const std::string& path) const {
    const TrialUser owner = TrialUserOf(out_.service);
    if (::geteuid() == 0 && ::chown(path.c_str(), owner.user, owner.group) != 0) {
      base::FailErrno(errno, "cannot give {} to the service", path);
    }
  }

  std::string NewFolder(const std::string& seen) {
    std::string path = NewPath();
    base::MakeDirectories(path);
    GiveAway(path);
    out_.folders.push_back({path, seen});
    return path;
  }

  std::string NewFile(const std::string& content) {
    std::string path = NewPath();
    base::WriteFileAtomically(path, content, 0600);
    GiveAway(path);
    return path;
  }

  // A named user of hosts is no user of this machine's.
  void SetUser(images::Service& service, Lines& lines) {
    if (!service.user || *service.user == "root") {
      if (!service.user) {
        lines.try_emplace("User", std::to_string(kTrialUser));
      }
      return;
    }
    const std::string name = *std::exchange(service.user, std::nullopt);
    lines["User"] = std::to_string(kTrialUser);
    service.binds.push_back(
        {NewFile(fmt::format("root:x:0:0::/root:/bin/sh\n{0}:x:{1}:{1}::/:/usr/sbin/nologin\n",
                             name, kTrialUser)),
         "/etc/passwd"});
    service.binds.push_back(
        {NewFile(fmt::format("root:x:0:\n{}:x:{}:\n", name, kTrialUser)), "/etc/group"});
    for (size_t i = service.binds.size() - 2; i < service.binds.size(); ++i) {
      if (::chmod(service.binds[i].host.c_str(), 0644) != 0) {
        base::FailErrno(errno, "cannot let the service read {}", service.binds[i].host);
      }
    }
  }

  void ReplaceDirectories(images::Service& service, Lines& lines) {
    std::map<std::string, std::vector<std::string>> paths;
    for (const units::ServiceDirectory& one : units::DirectoriesOf(out_.name, service)) {
      paths[one.option].push_back(one.path);
      service.binds.push_back({NewFolder(one.path), one.path, true});
    }
    for (const auto& [option, all] : paths) {  // "StateDirectory": STATE_DIRECTORY
      std::string variable = option.substr(0, option.find("Directory"));
      for (char& c : variable) {
        c = static_cast<char>(c & ~0x20);
      }
      service.environment.try_emplace(variable + "_DIRECTORY",
                                      fmt::format("{}", fmt::join(all, ":")));
    }
    for (const char* option : {"StateDirectory", "CacheDirectory", "LogsDirectory",
                               "RuntimeDirectory", "ConfigurationDirectory"}) {
      lines.erase(option);
    }
    service.state = service.logs = service.cache = service.runtime = false;
  }

  // Its lines become fields, so that they too get stand-ins: "-/host:/image:rbind".
  void TakeBinds(images::Service& service, Lines& lines) const {
    for (const char* option : {"BindPaths", "BindReadOnlyPaths"}) {
      const auto line = lines.find(option);
      if (line == lines.end()) {
        continue;
      }
      for (std::string word : units::WordsOf(line->second, out_.name)) {
        const bool is_optional = word.starts_with('-');
        word.erase(0, is_optional ? 1 : 0);
        const std::string host = word.substr(0, word.find(':'));
        word.erase(0, std::min(word.size(), host.size() + 1));
        const std::string image = word.empty() ? host : word.substr(0, word.find(':'));
        if (!is_optional || IsHere(host)) {
          service.binds.push_back({host, image, option == std::string_view("BindPaths")});
        }
      }
      lines.erase(line);
    }
  }

  // A folder of sockets: whoever connects there reaches what runs on this machine.
  static bool IsLive(const std::string& host) {
    const auto found = StatHere(host);
    const std::string folder = host + "/";
    return host == "/" || folder.starts_with("/run/") || folder.starts_with("/var/run/") ||
           (found && S_ISSOCK(found->st_mode));
  }

  void ReplaceBind(images::Bind& bind) {
    bind.mounted = false;
    const auto own = std::find_if(out_.folders.begin(), out_.folders.end(),
                                  [&](const StandIn& one) { return one.seen == bind.host; });
    if (own != out_.folders.end()) {  // a directory of the service at a second path
      bind.host = own->path;
    }
    const bool ours = bind.host.starts_with(folder_ + "/");
    if (ours || (!bind.writable && IsHere(bind.host) && !IsLive(bind.host))) {
      return;
    }
    out_.notes.push_back(fmt::format("{}: empty here ({})", bind.image,
                                     bind.writable || IsLive(bind.host)
                                         ? "the trial does not use this machine's " + bind.host
                                         : bind.host + " is not on this machine"));
    const std::string name = base::BaseName(bind.image);
    const bool is_folder = bind.image.ends_with('/') || name.find('.') == std::string::npos;
    bind.host = is_folder ? NewFolder(bind.image) : NewFile("");
  }

  void ReplaceSecrets(images::Service& service) {
    for (auto& [name, file] : service.credentials) {
      if (::access(file.c_str(), R_OK) != 0) {
        out_.notes.push_back(
            fmt::format("credential {}: a placeholder ({} cannot be read here)", name, file));
        file = NewFile("placeholder of a trial\n");
      }
    }
    for (const std::string& name : std::exchange(service.secrets, {})) {
      out_.notes.push_back(fmt::format("secret {}: a placeholder (a host keeps it)", name));
      service.credentials[name] = NewFile("placeholder of a trial\n");
    }
    std::optional<std::string>& file = service.environment_file;
    const bool may_lack = file && file->starts_with('-');
    if (file && ::access(file->c_str() + (may_lack ? 1 : 0), R_OK) != 0) {
      out_.notes.push_back(fmt::format("environment_file: empty ({} cannot be read here)", *file));
      file = NewFile("");
    }
  }

  void ReplaceHostFiles(images::Service& service) {
    if (service.host_files.certificates.value_or(false)) {
      for (const char* file : units::kCertificateFiles) {
        const std::string path = std::string("/etc") + file;
        if (IsHere(path)) {
          service.host_files.certificates = false;
          service.binds.push_back({base::RealPath(path), units::kCertificatesInImage});
          service.environment.try_emplace("SSL_CERT_FILE", units::kCertificatesInImage);
          break;
        }
      }
    }
    if (service.host_files.hosts) {
      service.host_files.hosts = false;
      service.binds.push_back({"/etc/hosts", "/etc/hosts"});
    }
  }

  TrialService& out_;
  const std::string folder_;
  int count_ = 0;
};

uint32_t UserNumber(const std::string* text, uint32_t otherwise) {
  uint32_t out = otherwise;
  if (text != nullptr) {
    std::from_chars(text->data(), text->data() + text->size(), out);
  }
  return out;
}

}  // namespace

TrialUser TrialUserOf(const images::Service& service) {
  TrialUser out;
  out.user = service.user == "root"
                 ? 0
                 : UserNumber(units::DirectiveOf(service, "Service", "User"), kTrialUser);
  out.group = UserNumber(units::DirectiveOf(service, "Service", "Group"), out.user);
  return out;
}

TrialService MakeStandIns(const images::Services& services, const std::string& name,
                          const std::string& folder) {
  TrialService out;
  out.name = name;
  out.service = services.at(name);
  Maker(out, folder).Run();
  return out;
}

}  // namespace builder
