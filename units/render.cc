#include "units/render.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "units/escape.h"
#include "units/hardening.h"
#include "units/tasks.h"

namespace units {
namespace {

struct Section {
  std::string name;
  std::vector<Line> lines;
  void Add(std::string option, std::string value) {
    lines.emplace_back(std::move(option), std::move(value));
  }
};

// Options of ours that systemd adds up: a directive of the same name is added, not put in place.
constexpr std::array<std::string_view, 8> kLists = {
    "After",        "RequiresMountsFor", "Environment",       "EnvironmentFile",
    "ExecStartPre", "LoadCredential",    "BindReadOnlyPaths", "BindPaths"};

// What the definition has a field for, and what decides which image runs.
constexpr std::array<std::string_view, 5> kNotForDirectives = {"ExecStart", "Type", "RootImage",
                                                               "RootDirectory", "MountAPIVFS"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view option) {
  return std::find(list.begin(), list.end(), option) != list.end();
}

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

void AddExecution(const images::Service& service, Section& out) {
  out.Add("Type", service.type);
  for (const images::Command& command : service.exec_start_pre) {
    out.Add("ExecStartPre", ExecLine(command));
  }
  out.Add("ExecStart", ExecLine(service.exec));
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

void CheckDirective(const std::string& section, const std::string& option,
                    const std::string& value) {
  if (section == "Service" && Contains(kNotForDirectives, option)) {
    base::Fail(base::Code::kFailed,
               "directives.Service.{} is not possible: the definition's own fields decide it",
               option);
  }
  if (value.ends_with('\\') || value.find('\n') != std::string::npos) {
    base::Fail(base::Code::kFailed,
               "directives.{}.{} would swallow or add a line: it ends with a backslash or holds a "
               "newline",
               section, option);
  }
}

void ApplyDirectives(const images::Service& service, std::vector<Section>& sections) {
  for (const auto& [name, lines] : service.directives) {
    auto section = std::find_if(sections.begin(), sections.end(),
                                [&n = name](const Section& s) { return s.name == n; });
    if (section == sections.end()) {
      section = sections.insert(sections.end(), Section{name, {}});
    }
    for (const auto& [option, value] : lines) {
      CheckDirective(name, option, value);
      const auto ours = std::find_if(section->lines.begin(), section->lines.end(),
                                     [&o = option](const Line& line) { return line.first == o; });
      if (ours == section->lines.end() || Contains(kLists, option)) {
        section->Add(option, value);
      } else {
        ours->second = value;
      }
    }
  }
}

std::string Text(const images::StoredManifest& stored, const std::vector<Section>& sections) {
  const images::Manifest& manifest = stored.manifest;
  std::string out = fmt::format(
      "# Written by Slipway for the image {}/{} ({}).\n"
      "# To change it, change the image's definition, or add a drop-in with systemctl edit.\n",
      manifest.name, stored.id.text(), Title(manifest));
  for (const Section& section : sections) {
    out += "\n[" + section.name + "]\n";
    for (const auto& [option, value] : section.lines) {
      out += option;
      out += "=" + value + "\n";
    }
  }
  return out;
}

RenderedUnit RenderService(const images::StoredManifest& stored, const std::string& name,
                           const images::Service& service, const std::string& version_path) {
  const std::string root = base::ParentOf(base::ParentOf(version_path));
  std::vector<Section> sections = {UnitSection(stored.manifest, name, root), {"Service", {}}};
  Section& body = sections.back();
  AddExecution(service, body);
  body.Add("DynamicUser", "yes");
  if (HasTasks(service)) {
    body.Add("User", SharedUser(name));
  }
  AddDirectories(name, service, body);
  AddEnvironment(service, body);
  AddImage(service, version_path, body);
  for (Line& line : HardeningLines(service.hardening, service.ports)) {
    body.lines.push_back(std::move(line));
  }
  ApplyDirectives(service, sections);
  return {name + ".service", Text(stored, sections)};
}

}  // namespace

std::vector<RenderedUnit> Render(const images::StoredManifest& stored,
                                 const std::string& version_path) {
  std::vector<RenderedUnit> out;
  for (const auto& [name, service] : stored.manifest.services) {
    try {
      out.push_back(RenderService(stored, name, service, version_path));
    } catch (base::Error& error) {
      error.AddContext("service " + name);
      throw;
    }
  }
  return out;
}

}  // namespace units
