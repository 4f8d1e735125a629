#include "activator/host/boot_unit.h"

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
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "RemainAfterExit=yes\n"
      "ExecStart={}\n"
      "\n"
      "[Install]\n"
      "WantedBy=multi-user.target\n",
      units::ListedPath(root), units::ExecLine({root + "/bin/activate", "--root", root, "boot"}));
}

namespace {

constexpr const char* kWants = "/multi-user.target.wants/";

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

void AskForBootUnit(const Host& host) {
  const std::string path = host.systemd.Show({units::kBootUnit})[units::kBootUnit].fragment_path;
  RefuseMask(path);
  const std::optional<std::string> found =
      path.empty() ? std::nullopt : base::ReadFileIfThere(path);
  RequireOwnRoot(host, path, found);
  if (!found) {
    host.io.Err(
        "activate: /etc is read-only: the units stand in {} until the next boot. So that the "
        "services run after it too, add this unit, {}, to the system's own configuration:\n\n{}\n",
        host.unit_directory, units::kBootUnit, BootUnitText(host.layout.root()));
  }
}

}  // namespace

void InstallBootUnit(const Host& host) {
  if (!host.UnitsSurviveReboot()) {
    AskForBootUnit(host);
    return;
  }
  const std::string path = PathOf(host);
  RefuseMask(path);
  const std::string wanted = BootUnitText(host.layout.root());
  const std::optional<std::string> found = base::ReadFileIfThere(path);
  RequireOwnRoot(host, path, found);
  if (found != wanted) {
    base::WriteFileAtomically(path, wanted);
  }
  const std::string link = host.configured_directory + kWants + units::kBootUnit;
  const std::string target = std::string("../") + units::kBootUnit;
  base::MakeDirectories(base::ParentOf(link));
  if (!base::LstatIfThere(link)) {
    base::ReplaceSymlink(target, link);
  }
}

bool RemoveBootUnit(const Host& host) {
  if (!host.UnitsSurviveReboot()) {
    return host.systemd.Show({units::kBootUnit})[units::kBootUnit].load != "loaded";
  }
  const std::string path = PathOf(host);
  const std::optional<std::string> found =
      IsMasked(path) ? std::nullopt : base::ReadFileIfThere(path);
  if (found && ServesRoot(host, *found)) {
    const std::string link = host.configured_directory + kWants + units::kBootUnit;
    if (base::UnlinkIfThere(link)) {
      base::FsyncDirectory(base::ParentOf(link));
    }
    base::Unlink(path);
    base::FsyncDirectory(host.configured_directory);
  }
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
  return base::LstatIfThere(host.configured_directory + kWants + units::kBootUnit)
             ? ""
             : fmt::format("is disabled: systemctl enable {}", units::kBootUnit);
}

}  // namespace

std::string BootUnitProblem(const Host& host) {
  const std::string why = WhyNotAtBoot(host);
  return why.empty()
             ? ""
             : fmt::format("{} {}. Until then nothing is started at a boot", units::kBootUnit, why);
}

}  // namespace activator
