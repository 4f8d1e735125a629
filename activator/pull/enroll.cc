#include "activator/pull/enroll.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "activator/host/unit_links.h"
#include "activator/pull/programs.h"
#include "activator/pull/pull_files.h"
#include "activator/pull/pull_units.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/process.h"
#include "units/escape.h"
#include "units/rendered_unit.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kPullEnds(10);  // once it was told to
constexpr std::array<std::pair<const char*, const char*>, 2> kWanted = {
    {{"timers.target.wants", units::kPullTimer}, {"sockets.target.wants", units::kFetchSocket}}};

std::string UnitPath(const Host& host, const std::string& unit) {
  return host.configured_directory + "/" + unit;
}

std::string WantsLink(const Host& host, const char* wants, const char* unit) {
  return fmt::format("{}/{}/{}", host.configured_directory, wants, unit);
}

// A host has one root that pulls.
bool ServesAnotherRoot(const Host& host) {
  const std::optional<std::string> text = base::ReadFileIfThere(UnitPath(host, units::kPullUnit));
  const std::string ours =
      fmt::format("\nRequiresMountsFor={}\n", units::ListedPath(host.layout.root()));
  return text && !text->empty() && text->find(ours) == std::string::npos;
}

void CheckCalendar(const std::string& every) {
  try {
    const base::ProcessResult said = base::Run({"systemd-analyze", "calendar", "--", every});
    if (!said.ok()) {
      base::Fail(base::ExitCode::kUsage, "every: systemd does not take '{}' as a time ({})", every,
                 base::LastLines(said.err, 1));
    }
  } catch (const base::Error& error) {
    if (error.error_number() != ENOENT) {  // what starts the timer says it, too
      throw;
    }
  }
}

void CheckHost(const Host& host) {
  if (!host.UnitsSurviveReboot()) {
    base::Fail(base::ExitCode::kFailed,
               "{} cannot be written, so this host would not pull after its next boot: put the "
               "units of docs/channels.md into the system's own configuration",
               host.configured_directory);
  }
  for (const char* unit : kPullUnits) {
    if (base::ReadLinkIfThere(UnitPath(host, unit)) == "/dev/null") {
      base::Fail(base::ExitCode::kFailed, "{} is masked on this host: systemctl unmask {}", unit,
                 unit);
    }
  }
  if (ServesAnotherRoot(host)) {
    base::Fail(base::ExitCode::kFailed,
               "{} serves another root than {}: a host pulls into one; type activate enroll "
               "--remove with that --root first",
               UnitPath(host, units::kPullUnit), host.layout.root());
  }
  if (!LoadTrust(host.layout)) {
    base::Fail(images::kUntrusted,
               "this host trusts nobody yet, and takes signed channels alone: imgpush --trust");
  }
  CheckSshKeygen();
}

// True: it was another one.
bool EnsureFile(const std::string& path, const std::string& text, mode_t mode) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (found && S_ISREG(found->st_mode) && (found->st_mode & 07777U) == mode &&
      base::ReadFile(path) == text) {
    return false;
  }
  base::WriteFileAtomically(path, text, mode);
  return true;
}

bool EnsureConfig(const images::HostLayout& layout, const PullConfig& config) {
  const std::string text = config.Serialize();
  if (base::ReadFileIfThere(ConfigFile(layout)) != text) {
    ForgetReported(layout);  // it may be another store that is told
  }
  return EnsureFile(ConfigFile(layout), text, 0644);
}

bool EnsureUnits(const Host& host, const Enrollment& enrollment, UnitNames& changed) {
  for (const auto& [unit, text] :
       RenderPullUnits(host.layout, enrollment.config, enrollment.credentials.has_value())) {
    if (EnsureFile(UnitPath(host, unit), text, 0644)) {
      changed.push_back(unit);
    }
  }
  bool is_new = !changed.empty();
  for (const auto& [wants, unit] : kWanted) {
    const std::string link = WantsLink(host, wants, unit);
    if (!base::LstatIfThere(link)) {
      base::MakeDirectories(base::ParentOf(link));
      base::ReplaceSymlink(std::string("../") + unit, link);
      is_new = true;
    }
  }
  return is_new;
}

bool IsUp(const Host& host, const std::string& unit) {
  return host.systemd.Show({unit})[unit].active == "active";
}

// True: one of them did not run, or ran as it was before.
bool EnsureStarted(const Host& host, const UnitNames& changed) {
  UnitNames to_start;
  for (const auto& [wants, unit] : kWanted) {
    const bool is_changed = std::find(changed.begin(), changed.end(), unit) != changed.end();
    if (is_changed || !IsUp(host, unit)) {
      to_start.emplace_back(unit);
    }
  }
  host.systemd.Restart(to_start, Jobs::kAwaitBriefly);
  for (const std::string& unit : to_start) {
    if (!IsUp(host, unit)) {
      base::Fail(base::ExitCode::kFailed, "{} was not started: systemctl status {}", unit, unit);
    }
  }
  return !to_start.empty();
}

void RemovePullUnits(const Host& host) {
  if (ServesAnotherRoot(host)) {
    return;
  }
  const UnitNames all = {units::kPullTimer, units::kFetchSocket, units::kPullUnit};
  host.systemd.Stop(host.systemd.InMemory(all), Jobs::kAwaitBriefly);
  for (const auto& [wants, unit] : kWanted) {
    base::UnlinkIfThere(WantsLink(host, wants, unit));
  }
  for (const std::string& unit : InstalledPullUnits(host)) {
    base::Unlink(UnitPath(host, unit));
  }
  base::FsyncDirectory(host.configured_directory);
}

// What is in the folder beside the memories of channels; nullopt: there is no folder.
std::optional<std::vector<std::string>> PathsToRemove(const images::HostLayout& layout) {
  if (!base::LstatIfThere(layout.Pull())) {
    return std::nullopt;
  }
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory(layout.Pull())) {
    const std::string path = layout.Pull() + "/" + name;
    if (name.starts_with('.') || !name.ends_with(".json") || path == ConfigFile(layout)) {
      out.push_back(path);
    }
  }
  return out;
}

// Which versions were seen stays: enrolled again, the host takes no older one. The lock goes last.
void EmptyPullFolder(const images::HostLayout& layout) {
  for (const std::string& path : PathsToRemove(layout).value_or(std::vector<std::string>())) {
    if (path != PullLock(layout)) {
      base::RemoveTree(path);
    }
  }
  base::UnlinkIfThere(PullLock(layout));
  ::rmdir(layout.Pull().c_str());  // where nothing was seen
}

// In another directory, other roots may use the program: a prune knows.
void RemoveFetch(const images::HostLayout& layout) {
  const std::string link = FetchLink(layout);
  if (base::Exists(link)) {
    const std::string program = base::RealPath(link);
    if (base::ParentOf(program) == base::RealPath(layout.Bin())) {
      base::UnlinkIfThere(program);
    }
  }
  base::UnlinkIfThere(link);
}

}  // namespace

bool Enroll(const Host& host, const Enrollment& enrollment,
            const std::function<void()>& link_agent) {
  CheckHost(host);
  CheckCalendar(enrollment.config.every);
  base::MakeDirectories(host.layout.Pull());
  const base::FileLock lock(PullLock(host.layout), "the pull of this host", "activate enroll",
                            kPullEnds);
  link_agent();
  const std::string credentials = CredentialsFile(host.layout);
  bool is_new = LinkFetch(host.layout, enrollment.fetch_sha256);
  if (enrollment.credentials) {
    is_new = EnsureFile(credentials, *enrollment.credentials, 0600) || is_new;
  }
  is_new = EnsureConfig(host.layout, enrollment.config) || is_new;
  UnitNames changed;
  const bool has_new_units = EnsureUnits(host, enrollment, changed);
  if (has_new_units ||
      NeedsReload(host, {units::kPullTimer, units::kPullUnit, units::kFetchSocket})) {
    host.systemd.DaemonReload();
    is_new = true;
  }
  if (!enrollment.credentials) {  // only now: fetch does not start without what its unit names
    is_new = base::UnlinkIfThere(credentials) || is_new;
  }
  return EnsureStarted(host, changed) || is_new;
}

bool Unenroll(const Host& host) {
  const std::optional<std::vector<std::string>> paths = PathsToRemove(host.layout);
  if ((!paths || (paths->empty() && !base::ListDirectory(host.layout.Pull()).empty())) &&
      InstalledPullUnits(host).empty()) {
    return false;
  }
  RemovePullUnits(host);
  host.systemd.DaemonReload();
  host.systemd.ResetFailed({units::kPullUnit, units::kFetchSocket});  // or listed for ever
  RemoveFetch(host.layout);
  if (paths) {
    const base::FileLock lock(PullLock(host.layout), "the pull of this host", "activate enroll",
                              kPullEnds);
    EmptyPullFolder(host.layout);
  }
  return true;
}

std::vector<std::string> InstalledPullUnits(const Host& host) {
  std::vector<std::string> out;
  if (ServesAnotherRoot(host)) {
    return out;
  }
  for (const char* unit : kPullUnits) {
    const std::string path = UnitPath(host, unit);
    if (base::LstatIfThere(path) && base::ReadLinkIfThere(path) != "/dev/null") {
      out.emplace_back(unit);
    }
  }
  return out;
}

}  // namespace activator
