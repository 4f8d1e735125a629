#include "activator/switch/preflight.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <optional>
#include <string_view>

#include "activator/host/boot_unit.h"
#include "activator/host/unit_links.h"
#include "activator/state/generations.h"
#include "activator/state/secrets.h"
#include "activator/switch/check_host_paths.h"
#include "activator/switch/check_ports.h"
#include "activator/switch/data_folders.h"
#include "activator/switch/users.h"
#include "activator/trust/host_trust.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/problems.h"
#include "units/escape.h"

namespace activator {
namespace {

void CheckSecret(const std::string& path, const std::string& what) {
  const auto found = base::StatIfThere(path);
  if (!found) {
    base::Fail(base::ExitCode::kFailed, "its {} {} is not on this host", what, path);
  }
  if (!S_ISREG(found->st_mode)) {
    base::Fail(base::ExitCode::kFailed, "its {} {} is not a file", what, path);
  }
  if (found->st_uid != 0) {
    base::Fail(base::ExitCode::kFailed,
               "its {} {} belongs to user {}, who could change it: chown root {}", what, path,
               found->st_uid, path);
  }
  if ((found->st_mode & S_IRWXO) != 0) {
    base::Fail(base::ExitCode::kFailed, "everybody can read its {} {}: chmod o= {}", what, path,
               path);
  }
}

void CheckSecrets(const images::Services& services) {
  base::Problems problems;
  for (const auto& [name, service] : services) {
    const std::string context = "service " + name;
    for (const auto& [credential, file] : service.credentials) {
      problems.Try(context, [&path = file] { CheckSecret(path, "credential"); });
    }
    if (service.environment_file) {
      problems.Try(context,
                   [&path = *service.environment_file] { CheckSecret(path, "environment file"); });
    }
  }
  problems.ThrowIfAny();
}

void CheckKeptSecrets(const Host& host, const std::string& name, const images::Services& services) {
  if (::geteuid() != 0) {
    return;  // a plan of somebody who may not look
  }
  base::Problems problems;
  for (const auto& [service, its] : services) {
    for (const std::string& key : its.secrets) {
      if (const std::string problem = SecretProblem(host.layout, name, key); !problem.empty()) {
        problems.Add(base::ExitCode::kFailed, "service {} {}", service, problem);
      }
    }
  }
  problems.ThrowIfAny();
}

images::Services CheckVersion(const Host& host, const PreflightTarget& target,
                              const std::string& name, const base::Sha256& digest,
                              HeldReleases& releases, base::Problems& problems) {
  images::Services services;
  problems.Try(name, [&] {
    if (const auto coming = target.coming.find(name); coming != target.coming.end()) {
      services = coming->second.manifest.services;
      return;
    }
    const std::string path = host.layout.Version(name, images::ImageId::Of(digest));
    const images::ImageDirectory version(path);
    if (version.stored().digest != digest) {
      base::Fail(base::ExitCode::kVerification, "{} holds the manifest {}, the generation names {}",
                 path, version.stored().digest.ToHex(), digest.ToHex());
    }
    services = version.manifest().services;
    releases.Check(name, digest);
    host.check_image(version);
  });
  problems.Try(name, [&] { CheckSecrets(services); });
  problems.Try(name, [&] { CheckKeptSecrets(host, name, services); });
  problems.Try(name, [&] { CheckUsers(host, services); });
  if (!target.was_healthy) {
    problems.Try(name, [&] { CheckDynamicUsers(host, services); });
  }
  return services;
}

// Those that are new or other than before: what runs unchanged is not looked at again. Returns
// their services.
images::Services CheckVersions(const Host& host, uint64_t from, const PreflightTarget& target,
                               base::Problems& problems) {
  images::Services out;
  const std::optional<Generation> active = FindGeneration(host.layout, from);
  const Apps before = active ? active->apps : Apps{};
  HeldReleases releases(host.layout, host.clock);
  for (const auto& [name, digest] : target.apps) {
    const auto old = before.find(name);
    if (old == before.end() || old->second != digest) {
      out.merge(CheckVersion(host, target, name, digest, releases, problems));
    }
  }
  return out;
}

bool IsExecLine(std::string_view line) {
  constexpr std::array<std::string_view, 7> kOptions = {
      "ExecStart=", "ExecStartPre=", "ExecStartPost=", "ExecReload=",
      "ExecStop=",  "ExecStopPost=", "ExecCondition="};
  for (const std::string_view option : kOptions) {
    if (line.starts_with(option)) {
      return true;
    }
  }
  return false;
}

// Units of a generation that was lost run under links of ours, too.
InstalledUnits WithLinked(const Host& host, InstalledUnits before, const InstalledUnits& units) {
  for (const auto& [name, unit] : units) {
    if (HasOurLink(host, name)) {
      before.try_emplace(name, unit);
    }
  }
  return before;
}

// systemd-analyze looks for the programs on the host instead of in the image; ours is there.
std::string WithProgram(const std::string& text, const std::string& program) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    out += IsExecLine(line) ? line.substr(0, line.find('=') + 1) + units::Word(program) : line;
    out += '\n';
  }
  return out;
}

// systemd-analyze takes what follows a colon for an alias. No service has capital letters.
constexpr std::string_view kForColon = "-TASK-";
std::string WithoutColon(std::string task) { return task.replace(task.find(':'), 1, kForColon); }

void ReplaceAll(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

// Our copies are gone when somebody reads of them, and we do not ignore what systemd would.
std::string InOurWords(std::string problem, const std::string& folder) {
  ReplaceAll(problem, folder + "/", "");
  ReplaceAll(problem, kForColon, ":");
  ReplaceAll(problem, ", ignoring", "");
  return problem;
}

// No power cut matters to a file that is read at once and removed.
void WriteScratch(const std::string& path, const std::string& text) {
  base::AtomicFile file(path, 0644);
  base::WriteAll(file.fd(), base::AsBytes(text), file.temporary_path());
  file.CommitUnsynced();
}

// systemd's opinion of the units, which it forms while we look at the images.
class UnitsCheck {
 public:
  UnitsCheck(const Host& host, const InstalledUnits& units,
             const std::map<std::string, std::string>& tasks)
      : work_(host.layout.Incoming(), std::string(base::kTemporaryPrefix)),
        problem_(
            // In Require where there is no thread to be had.
            std::async([&systemd = host.systemd, files = Write(units, tasks)] {
              return files.empty() ? std::string() : systemd.Verify(files);
            })) {}

  void Require();

 private:
  std::vector<std::string> Write(const InstalledUnits& units,
                                 const std::map<std::string, std::string>& tasks) const;

  const base::TemporaryDirectory work_;
  std::future<std::string> problem_;  // waited for before the files go
};

std::vector<std::string> UnitsCheck::Write(const InstalledUnits& units,
                                           const std::map<std::string, std::string>& tasks) const {
  const std::string program = base::RealPath("/proc/self/exe");
  std::vector<std::string> files;
  for (const auto& [name, unit] : units) {
    files.push_back(work_.path() + "/" + name);
    WriteScratch(files.back(), WithProgram(unit.text, program));
    for (const auto& [task, limit] : unit.task_limits) {
      const std::string task_name = units::AuxiliaryUnitName(name, task);
      files.push_back(work_.path() + "/" + WithoutColon(task_name));
      WriteScratch(files.back(), WithProgram(tasks.at(task_name), program));
    }
  }
  return files;
}

void UnitsCheck::Require() {
  const std::string problem = problem_.get();
  if (!problem.empty()) {
    base::Fail(base::ExitCode::kFailed,
               "systemd does not accept the units; see \"directives\" in the definition: {}",
               InOurWords(problem, work_.path()));
  }
}

}  // namespace

std::string SelinuxNote(const std::string& enforce_file) {
  const std::optional<std::string> enforce = base::ReadFileIfThere(enforce_file);
  return enforce && enforce->starts_with('1')
             ? "SELinux is enforcing on this host: where a service is denied something, `ausearch "
               "-m avc` says what"
             : "";
}

PreflightTarget TargetOf(const images::HostLayout& layout, uint64_t generation) {
  const Generation record = LoadGeneration(layout, generation);
  return {record.apps,
          LoadUnits(layout, generation),
          TaskTexts(layout, generation),
          record.healthy_sequence > 0,
          {}};
}

PreflightTarget TargetOf(const images::HostLayout& layout, const Apps& apps,
                         const PendingManifests& coming) {
  Rendered rendered = RenderUnits(layout, apps, coming);
  return {apps, UnitsOf(rendered.units, rendered.facts), std::move(rendered.tasks), false, coming};
}

void Preflight(const Host& host, uint64_t from, const PreflightTarget& to,
               UnitConflictPolicy foreign) {
  const InstalledUnits before = LoadUnits(host.layout, from);
  const UnitDifference difference = Compare(before, to.units);
  UnitsCheck units_check(host, Select(to.units, difference.added + difference.changed), to.tasks);
  base::Problems problems;
  const images::Services services = CheckVersions(host, from, to, problems);
  problems.Try([&] {
    for (const std::vector<std::string>& found :
         {HostPathProblems(services),
          TakenFolders(host, services, ServicesOf(host.layout, from))}) {
      for (const std::string& problem : found) {
        problems.Add(base::ExitCode::kFailed, "{}", problem);
      }
    }
  });
  problems.Try([&] { CheckSharedNumbers(host, ServicesOf(host.layout, to.apps, to.coming)); });
  problems.Try([&] { CheckNames(host, NamesOf(to.units), difference.added, foreign); });
  problems.Try([&] {
    CheckPorts(host, services, WithLinked(host, before, to.units),
               difference.added + difference.changed + difference.removed + difference.in_place);
  });
  problems.Try([&] { units_check.Require(); });
  problems.Try([&] { CheckBootUnit(host); });
  problems.ThrowIfAny();
}

}  // namespace activator
