#include "builder/contents/service_commands.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/problems.h"
#include "builder/contents/oci_user.h"
#include "images/service/service_checks.h"
#include "units/unit_paths.h"

namespace builder {
namespace {

constexpr std::array<const char*, 6> kFolders = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                                 "/usr/bin",        "/sbin",          "/bin"};

bool IsProgram(const Node* node) {
  return node != nullptr && node->kind == Node::Kind::kFile && (node->permissions & 0111) != 0;
}

// A program without a slash is looked for as a shell would, in the source's folders first.
std::string FindProgram(const std::string& program, const Closure& closure, const Tree& tree,
                        const std::string& field) {
  if (program.starts_with('/')) {
    return program;
  }
  if (program.find('/') != std::string::npos) {
    return closure.service.working_directory + "/" + program;
  }
  std::vector<std::string> folders = closure.program_folders;
  folders.insert(folders.end(), kFolders.begin(), kFolders.end());
  for (const std::string& folder : folders) {
    std::string path = fmt::format("{}/{}", folder, program);
    if (folder.starts_with('/') && IsProgram(tree.Resolve(path))) {
      return path;
    }
  }
  base::Fail(base::ExitCode::kUsage,
             "{}: there is no program {} in the image; say its absolute path", field, program);
}

// systemd has no way to run a service as a number that the host has no name for, but one: with
// DynamicUser=yes it takes the number that User= is.
void ApplyUser(const std::string& user, const Tree& tree, images::Service& service) {
  if (images::NamesItsUser(service)) {
    return;
  }
  if (const std::optional<OciUser> found = ResolveOciUser(user, tree)) {
    std::map<std::string, std::string>& lines = service.directives["Service"];
    lines["User"] = std::to_string(found->uid);
    lines["Group"] = std::to_string(found->gid);
  }
}

void ApplyDefaults(const ServiceDefaults& defaults, images::Service& service) {
  if (service.exec.empty()) {
    service.exec = defaults.exec;
  }
  service.environment.insert(defaults.environment.begin(), defaults.environment.end());
  if (!defaults.working_directory.empty()) {
    service.directives["Service"].emplace("WorkingDirectory", defaults.working_directory);
  }
  if (!defaults.stop_signal.empty()) {
    service.directives["Service"].emplace("KillSignal", defaults.stop_signal);
  }
}

// What a service lacks only because of what is known to be missing.
bool IsMissing(const std::string& program, const std::vector<std::string>& missing) {
  return std::any_of(missing.begin(), missing.end(), [&](const std::string& path) {
    return program == path || program == base::BaseName(path) || program.starts_with(path + "/");
  });
}

void ResolveCommand(const Closure& closure, const Tree& tree, const std::string& field,
                    images::Command& command) {
  if (command.empty()) {
    base::Fail(base::ExitCode::kUsage,
               "{} is missing: OCI images may leave it out, this source cannot", field);
  }
  if (IsMissing(command.front(), closure.missing)) {
    return;
  }
  std::string path = FindProgram(command.front(), closure, tree, field);
  const Node* program = tree.Resolve(path);
  if (program == nullptr || program->kind != Node::Kind::kFile) {
    base::Fail(base::ExitCode::kUsage,
               "{}: {} is not in the image; use a path of the closure, or add it by "
               "contents.symlinks",
               field, path);
  }
  if (!IsProgram(program)) {
    base::Fail(base::ExitCode::kUsage, "{}: {} is in the image but not executable", field, path);
  }
  command.front() = std::move(path);
}

// Lines of directives are left as they are: systemd looks for a name in the image.
void CheckDirectivePrograms(const Tree& tree, const std::string& name, const std::string& field,
                            const images::Service& service, base::Problems& problems) {
  for (const units::UnitProgram& line : units::DirectivePrograms(name, service)) {
    const bool is_path = line.program.starts_with('/');
    const bool found =
        is_path ? IsProgram(tree.Resolve(line.program))
                : std::any_of(kFolders.begin(), kFolders.end(), [&](auto folder) {
                    return IsProgram(tree.Resolve(fmt::format("{}/{}", folder, line.program)));
                  });
    const bool is_elsewhere =
        is_path && units::OriginOf(line.program, name, service).kind != units::Origin::Kind::kImage;
    if (!found && !is_elsewhere) {
      problems.Add(base::ExitCode::kUsage,
                   "{}.directives.Service.{}: there is no program {} in the image; say the path of "
                   "one, or put '-' before it",
                   field, line.option, line.program);
    }
  }
}

// The service that an image's own ports and check are for: the one that runs the image's own
// command. Null: none or several do.
images::Services::value_type* MainService(images::Services& services) {
  images::Services::value_type* out = nullptr;
  for (auto& service : services) {
    if (service.second.exec.empty()) {
      if (out != nullptr) {
        return nullptr;
      }
      out = &service;
    }
  }
  return out;
}

// What an OCI image says of ports and health, in words for a note.
struct Shares {
  std::vector<std::string> given;
  std::vector<std::string> left;
};

// "80 443 10000-20000", of ascending ones.
std::string RangesOf(const std::vector<uint64_t>& ports) {
  std::string out;
  for (size_t first = 0, last = 0; first < ports.size(); first = ++last) {
    while (last + 1 < ports.size() && ports[last + 1] == ports[last] + 1) {
      ++last;
    }
    out += fmt::format("{}{}", out.empty() ? "" : " ", ports[first]);
    out += last == first ? "" : fmt::format("-{}", ports[last]);
  }
  return out;
}

void ApplyPorts(const std::vector<uint64_t>& ports, bool is_open, images::Service* service,
                Shares& shares) {
  const std::string text = fmt::format("ports {} (ports)", RangesOf(ports));
  if (ports.empty()) {
    return;
  }
  if (service == nullptr) {
    shares.left.push_back(text);
  } else if (is_open && service->listen.empty()) {
    service->ports = ports;
    shares.given.push_back(text);
  }
}

void ApplyHealth(const Closure& closure, const Tree& tree, bool is_open, images::Service* service,
                 Shares& shares) {
  if (!closure.service.health) {
    return;
  }
  images::Health health = *closure.service.health;
  const std::string command = fmt::format("{}", fmt::join(health.exec, " "));
  const std::string text = fmt::format("the check '{}' (health)", base::Printable(command));
  if (service == nullptr) {
    shares.left.push_back(text);
  } else if (is_open && service->type != "oneshot") {
    try {
      ResolveCommand(closure, tree, "health.exec", health.exec);
      service->health = std::move(health);
      shares.given.push_back(text);
    } catch (const base::Error&) {  // such as curl, which many images lack
      shares.left.push_back(text + ", but lacks its program");
    }
  }
}

// Gives the main service what the definition leaves to the image, and tells it.
void ApplyPortsAndHealth(const Closure& closure, const Tree& tree, images::Definition& definition,
                         const base::Io& io) {
  auto* const main = MainService(definition.services);
  images::Service* const service = main == nullptr ? nullptr : &main->second;
  const auto is_open = [&](const char* field) {
    return main != nullptr && !definition.lines.contains(fmt::format(
                                  "{}: services.{}.{}", definition.file, main->first, field));
  };
  Shares shares;
  ApplyPorts(closure.service.ports, is_open("ports"), service, shares);
  ApplyHealth(closure, tree, is_open("health"), service, shares);
  if (!shares.given.empty()) {
    io.Err("note: the image gives {} {}; a definition's fields in brackets replace that\n",
           main->first, fmt::join(shares.given, " and "));
  }
  if (!shares.left.empty()) {
    io.Err(
        "note: the image asks for {}; no service gets that, a definition's fields in brackets have "
        "it\n",
        fmt::join(shares.left, " and "));
  }
}

}  // namespace

void ResolveServices(const Closure& closure, const Tree& tree, images::Definition& definition,
                     const base::Io& io) {
  base::Problems problems;
  ApplyPortsAndHealth(closure, tree, definition, io);
  for (auto& [name, service] : definition.services) {
    const std::string field = "services." + name;
    const auto resolve = [&](const std::string& place, images::Command& command) {
      problems.Try([&] { ResolveCommand(closure, tree, field + place, command); });
    };
    ApplyDefaults(closure.service, service);
    problems.Try(field, [&, &its = service] { ApplyUser(closure.service.user, tree, its); });
    resolve(".exec", service.exec);
    for (images::Command& command : service.exec_start_pre) {
      resolve(".exec_start_pre", command);
    }
    for (images::Command& command : service.hooks.before_start) {
      resolve(".hooks.before_start", command);
    }
    for (images::Command& command : service.hooks.after_healthy) {
      resolve(".hooks.after_healthy", command);
    }
    if (!service.health.exec.empty()) {
      resolve(".health.exec", service.health.exec);
    }
    CheckDirectivePrograms(tree, name, field, service, problems);
  }
  problems.ThrowIfAny();
}

}  // namespace builder
