#include "activator/host/boot_unit.h"

#include <unistd.h>

#include <optional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "units/escape.h"
#include "units/render.h"

namespace activator {

std::string BootUnitText(const std::string& root) {
  return fmt::format(
      "# Written by Slipway. It goes back from a switch that was cut off, and starts the current\n"
      "# generation of applications; they are ordered after it.\n"
      "\n"
      "[Unit]\n"
      "Description=Slipway: start the current generation of applications\n"
      "RequiresMountsFor={}\n"
      "Wants=network-online.target\n"
      "After=nss-user-lookup.target\n"  // the users of a directory service are known
      "PartOf={}\n"                     // or it would not run again where that is started again
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "RemainAfterExit=yes\n"
      "ExecStart={}\n"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n",
      units::ListedPath(root), units::kTarget,
      units::ExecLine({root + "/bin/activate", "--root", root, "boot"}));
}

namespace {

constexpr const char* kWants = "/multi-user.target.wants/";
constexpr const char* kTargetWants = "/slipway.target.wants/";

constexpr const char* kTargetText =
    "# Written by Slipway. All applications are a part of it: what stops it, as rescue mode does,\n"
    "# stops them. Starting it is not enough to start them: the boot unit does that.\n"
    "\n"
    "[Unit]\n"
    "Description=Slipway: applications\n"
    "\n"
    "[Install]\n"
    "WantedBy=multi-user.target\n";

// The service reads everything, so it steps back behind whatever else uses the disk.
std::string VerifyUnitText(const std::string& root) {
  return fmt::format(
      "# Written by Slipway. It finds what the disk has changed.\n"
      "\n"
      "[Unit]\n"
      "Description=Slipway: compare images with what was built\n"
      "RequiresMountsFor={}\n"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "Nice=19\n"
      "IOSchedulingClass=idle\n"
      "ExecStart={}\n",
      units::ListedPath(root), units::ExecLine({root + "/bin/activate", "--root", root, "verify"}));
}

// Hosts of one fleet read at different times.
constexpr const char* kVerifyTimerText =
    "# Written by Slipway. For another time: systemctl edit slipway-verify.timer\n"
    "\n"
    "[Unit]\n"
    "Description=Slipway: compare images with what was built\n"
    "\n"
    "[Timer]\n"
    "OnCalendar=weekly\n"
    "RandomizedDelaySec=6d\n"
    "FixedRandomDelay=yes\n"
    "Persistent=yes\n"
    "\n"
    "[Install]\n"
    "WantedBy=slipway.target\n";

std::string PathOf(const Host& host) { return host.configured_directory + "/" + units::kBootUnit; }

bool IsMasked(const std::string& path) { return base::ReadLinkIfThere(path) == "/dev/null"; }

void RefuseMask(const std::string& path) {
  if (IsMasked(path)) {
    base::Fail(base::ExitCode::kFailed,
               "{} is masked on this host, so nothing would be started at the next boot: systemctl "
               "unmask {}",
               units::kBootUnit, units::kBootUnit);
  }
}

bool ServesRoot(const Host& host, const std::string& text) {
  return text.find("\nRequiresMountsFor=" + units::ListedPath(host.layout.root()) + "\n") !=
         std::string::npos;
}

void RequireOwnRoot(const Host& host, const std::string& path,
                    const std::optional<std::string>& text) {
  if (text && !ServesRoot(host, *text)) {
    base::Fail(
        base::ExitCode::kFailed,
        "{} serves another root than {}: a host has one. Use that --root, or remove the file", path,
        host.layout.root());
  }
}

std::string LinkOf(const std::string& directory, const char* unit, const char* wants = kWants) {
  return directory + wants + unit;
}

// True: it was missing.
bool EnsureWanted(const std::string& directory, const char* unit, const char* wants = kWants) {
  const std::string link = LinkOf(directory, unit, wants);
  if (base::LstatIfThere(link)) {
    return false;
  }
  base::MakeDirectories(base::ParentOf(link));
  base::ReplaceSymlink(std::string("../") + unit, link);
  return true;
}

// True: it was another one. What is masked stays so.
bool EnsureText(const std::string& path, const std::string& text) {
  if (IsMasked(path) || base::ReadFileIfThere(path) == text) {
    return false;
  }
  base::WriteFileAtomically(path, text);
  return true;
}

// Where it stands, or will stand; empty: nowhere.
std::string PlaceOf(const Host& host) {
  return host.UnitsSurviveReboot()
             ? PathOf(host)
             : host.systemd.Show({units::kBootUnit})[units::kBootUnit].fragment_path;
}

// Its text; nullopt: it is not there.
std::optional<std::string> CheckedText(const Host& host, const std::string& path) {
  RefuseMask(path);
  std::optional<std::string> found = path.empty() ? std::nullopt : base::ReadFileIfThere(path);
  RequireOwnRoot(host, path, found);
  return found;
}

// nullopt: it is not there, or masked.
std::optional<std::string> TextAt(const std::string& path) {
  return path.empty() || IsMasked(path) ? std::nullopt : base::ReadFileIfThere(path);
}

void RemoveTarget(const Host& host) {
  const std::string path = host.unit_directory + "/" + units::kTarget;
  base::UnlinkIfThere(LinkOf(host.unit_directory, units::kTarget));
  if (!IsMasked(path)) {
    base::UnlinkIfThere(path);
  }
}

// True: something was missing or another one. The link is made once: `systemctl disable` removes
// it.
bool InstallVerifyTimer(const Host& host) {
  const std::string timer = host.unit_directory + "/" + units::kVerifyTimer;
  if (!base::LstatIfThere(timer)) {
    EnsureWanted(host.unit_directory, units::kVerifyTimer, kTargetWants);
  }
  bool changed = EnsureText(host.unit_directory + "/" + units::kVerifyUnit,
                            VerifyUnitText(host.layout.root()));
  changed = EnsureText(timer, kVerifyTimerText) || changed;
  return changed;
}

void RemoveVerifyTimer(const Host& host) {
  const std::string link = LinkOf(host.unit_directory, units::kVerifyTimer, kTargetWants);
  base::UnlinkIfThere(link);
  ::rmdir(base::ParentOf(link).c_str());  // not where somebody else has links in it
  for (const char* unit : {units::kVerifyUnit, units::kVerifyTimer}) {
    if (const std::string path = host.unit_directory + "/" + unit; !IsMasked(path)) {
      base::UnlinkIfThere(path);
    }
  }
}

}  // namespace

void CheckBootUnit(const Host& host) { CheckedText(host, PlaceOf(host)); }

bool InstallTarget(const Host& host) {
  const std::string path = host.unit_directory + "/" + units::kTarget;
  bool changed = EnsureText(path, kTargetText);
  changed = InstallVerifyTimer(host) || changed;
  return EnsureWanted(host.unit_directory, units::kTarget) || changed;
}

void InstallBootUnit(const Host& host) {
  const std::string path = PlaceOf(host);
  const std::string wanted = BootUnitText(host.layout.root());
  const std::optional<std::string> found = CheckedText(host, path);
  bool changed = false;
  if (host.UnitsSurviveReboot()) {
    changed = EnsureText(path, wanted);
    changed = EnsureWanted(host.configured_directory, units::kBootUnit) || changed;
  } else if (!found) {
    host.io.Err(
        "activate: /etc is read-only: the units stand in {} until the next boot. So that the "
        "services run after it too, add this unit, {}, to the system's own configuration:\n\n{}\n",
        host.unit_directory, units::kBootUnit, wanted);
  }
  if (InstallTarget(host) || changed) {
    host.systemd.DaemonReload();  // so that multi-user.target wants them from now on
  }
}

bool WouldRemoveBootUnit(const Host& host) {
  const std::optional<std::string> found =
      host.UnitsSurviveReboot() ? TextAt(PathOf(host)) : std::nullopt;
  return found && ServesRoot(host, *found);
}

bool RemoveBootUnit(const Host& host) {
  const bool removes = WouldRemoveBootUnit(host);
  const std::string path = PlaceOf(host);
  const std::optional<std::string> found = TextAt(path);
  if (found && !ServesRoot(host, *found)) {
    return true;
  }
  host.systemd.Stop(host.systemd.InMemory({units::kBootUnit, units::kTarget, units::kVerifyTimer,
                                           units::kVerifyUnit}),
                    Jobs::kAwaitBriefly);
  RemoveVerifyTimer(host);
  RemoveTarget(host);
  base::FsyncDirectory(host.unit_directory);
  if (!removes) {
    return !found;
  }
  base::UnlinkIfThere(LinkOf(host.configured_directory, units::kBootUnit));
  base::Unlink(path);
  base::FsyncDirectory(host.configured_directory);
  return true;
}

namespace {

std::string WhyNotAtBoot(const Host& host) {
  const std::string path = PathOf(host);
  if (IsMasked(path)) {
    return fmt::format("is masked: systemctl unmask {}", units::kBootUnit);
  }
  if (!host.UnitsSurviveReboot()) {
    const UnitState state = host.systemd.Show({units::kBootUnit})[units::kBootUnit];
    return state.load == "loaded" ? "" : "is missing: the next switch prints it";
  }
  if (!base::Exists(path)) {
    return "is missing: the next switch installs it";
  }
  return base::LstatIfThere(LinkOf(host.configured_directory, units::kBootUnit))
             ? ""
             : fmt::format("is disabled: systemctl enable {}", units::kBootUnit);
}

}  // namespace

std::string BootUnitProblem(const Host& host) {
  if (const std::string why = WhyNotAtBoot(host); !why.empty()) {
    return fmt::format("{} {}. Until then nothing is started at a boot", units::kBootUnit, why);
  }
  const bool is_wanted = base::LstatIfThere(LinkOf(host.unit_directory, units::kTarget)) ||
                         !base::Exists(host.unit_directory + "/" + units::kTarget);
  return is_wanted ? ""
                   : fmt::format(
                         "{} is disabled: systemctl enable {}. Until then `systemctl "
                         "isolate` stops all applications",
                         units::kTarget, units::kTarget);
}

}  // namespace activator
