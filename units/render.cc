#include "units/render.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "units/escape.h"
#include "units/hardening.h"
#include "units/shared_user.h"
#include "units/starters.h"

namespace units {
namespace {

std::string Title(const images::Manifest& manifest) {
  return ForPeople(manifest.name + (manifest.version.empty() ? "" : " " + manifest.version));
}

Section UnitSection(const images::Manifest& manifest, const std::string& service_name,
                    const std::string& root) {
  Section out{"Unit", {}};
  out.Add("Description", service_name == manifest.name ? Title(manifest)
                                                       : service_name + " of " + Title(manifest));
  out.Add("RequiresMountsFor", ListedPath(root));
  // The boot unit wants network-online.target. Wanting it here would make every later start wait
  // for a network check that failed at boot.
  out.Add("After", std::string(kBootUnit) + " network.target network-online.target");
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

void AddEnvironment(const images::Service& service, Section& out) {
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

void AddImage(const images::Service& service, const std::string& version_path, Section& out) {
  out.Add("RootImage", WholePath(version_path + "/" + images::kImageFile));
  out.Add("MountAPIVFS", "yes");
  out.Add("BindReadOnlyPaths", "-/etc/resolv.conf -/etc/machine-id");
  for (const images::Bind& bind : service.binds) {
    out.Add(bind.writable ? "BindPaths" : "BindReadOnlyPaths",
            ListedPath(bind.host) + ":" + ListedPath(bind.image));
  }
}

RenderedUnit RenderService(const images::StoredManifest& stored, const std::string& name,
                           const images::Service& service, const std::string& version_path) {
  const std::string root = base::ParentOf(base::ParentOf(version_path));
  Sections sections = {UnitSection(stored.manifest, name, root), {"Service", {}}};
  AddSocket(name, service, sections.front());
  Section& body = sections.back();
  AddExecution(service, body);
  AddUser(name, service, version_path, body);
  AddDirectories(name, service, body);
  AddEnvironment(service, body);
  AddImage(service, version_path, body);
  for (Line& line : HardeningLines(service.hardening, service.ports)) {
    body.lines.push_back(std::move(line));
  }
  ApplyDirectives(service, {"Socket", "Timer"}, sections);
  const images::Manifest& manifest = stored.manifest;
  return {name + ".service", ToText(fmt::format("the image {}/{} ({})", manifest.name,
                                                stored.id.text(), Title(manifest)),
                                    sections)};
}

std::vector<RenderedUnit> RenderAll(const images::StoredManifest& stored, const std::string& name,
                                    const images::Service& service,
                                    const std::string& version_path) {
  std::vector<RenderedUnit> out = {RenderService(stored, name, service, version_path)};
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
                                 const std::string& version_path) {
  std::vector<RenderedUnit> out;
  for (const auto& [name, service] : stored.manifest.services) {
    try {
      for (RenderedUnit& unit : RenderAll(stored, name, service, version_path)) {
        out.push_back(std::move(unit));
      }
    } catch (base::Error& error) {
      error.AddContext("service " + name);
      throw;
    }
  }
  return out;
}

}  // namespace units
