#include "activator/boot.h"

#include <algorithm>
#include <optional>

#include "activator/generations.h"
#include "activator/hosted_units.h"
#include "activator/lost_current.h"
#include "activator/recovery.h"
#include "activator/switch_record.h"
#include "activator/unit_links.h"
#include "activator/users.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "units/escape.h"
#include "units/render.h"

namespace activator {
namespace {

void CopyExecutable(const std::string& from, const std::string& to) {
  const base::UniqueFd in = base::OpenForReading(from);
  base::AtomicFile out(to, 0755);
  for (uint64_t offset = 0;;) {
    const std::vector<uint8_t> part = base::PRead(in.get(), offset, size_t{1} << 20, from);
    if (part.empty()) {
      break;
    }
    base::WriteAll(out.fd(), part, out.temporary_path());
    offset += part.size();
  }
  out.Commit();
}

}  // namespace

std::string BootUnitText(const std::string& root) {
  return fmt::format(
      "# Written by Slipway. It goes back from a switch that was cut off, and starts the current\n"
      "# generation of applications; they are ordered after it.\n"
      "\n"
      "[Unit]\n"
      "Description=Slipway: start the current generation of applications\n"
      "RequiresMountsFor={}\n"
      "Wants=network-online.target\n"
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

void RequireOwnRoot(const Host& host, const std::string& path,
                    const std::optional<std::string>& text) {
  const std::string mounts = "\nRequiresMountsFor=" + units::ListedPath(host.layout.root()) + "\n";
  if (text && text->find(mounts) == std::string::npos) {
    base::Fail(
        base::Code::kFailed,
        "{} serves another root than {}: a host has one. Use that --root, or remove the file", path,
        host.layout.root());
  }
}

void AskForBootUnit(const Host& host) {
  const std::string path = host.systemd.Show({units::kBootUnit})[units::kBootUnit].fragment_path;
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
  if (!host.units_survive_reboot) {
    AskForBootUnit(host);
    return;
  }
  const std::string path = host.unit_directory + "/" + units::kBootUnit;
  const std::string wanted = BootUnitText(host.layout.root());
  const std::optional<std::string> found = base::ReadFileIfThere(path);
  RequireOwnRoot(host, path, found);
  if (found != wanted) {
    base::WriteFileAtomically(path, wanted);
  }
  const std::string wants = host.unit_directory + "/multi-user.target.wants";
  const std::string link = wants + "/" + units::kBootUnit;
  const std::string target = std::string("../") + units::kBootUnit;
  base::MakeDirectories(wants);
  if (!base::LstatIfThere(link)) {
    base::ReplaceSymlink(target, link);
  }
}

void InstallSelf(const images::HostLayout& layout) {
  const std::string link = layout.Bin() + "/activate";
  if (base::Exists(link)) {
    return;
  }
  const std::string self = base::RealPath("/proc/self/exe");
  const std::string name = "activate-" + base::Sha256OfFile(self).ToHex().substr(0, 16);
  if (!base::Exists(layout.Bin() + "/" + name)) {
    CopyExecutable(self, layout.Bin() + "/" + name);
  }
  base::ReplaceSymlink(name, link);
}

namespace {

// Runs parts that must not keep one another from being done, and keeps the first problem.
class Parts {
 public:
  explicit Parts(const base::Io& io) : io_(io) {}

  template <typename Part>
  bool Try(Part part) {
    try {
      part();
      return true;
    } catch (const base::Error& error) {
      io_.Err("activate: {}\n", error.what());
      if (!problem_) {
        problem_ = error;
      }
      return false;
    }
  }
  void ThrowFirst() const {
    if (problem_) {
      throw base::Error(*problem_);
    }
  }

 private:
  const base::Io& io_;
  std::optional<base::Error> problem_;
};

// Whether `current` may be started although recovery had a problem: never a generation that was
// being tried.
bool CurrentWasTried(const Host& host) {
  const std::optional<SwitchRecord> record = ReadSwitchRecord(host.layout);
  return record && record->phase != SwitchPhase::kHealthy &&
         CurrentGeneration(host.layout) != record->from;
}

}  // namespace

void RunBoot(const Host& host) {
  Parts parts(host.io);
  UnitNames adopted;  // ran under names that the switch had linked: the boot could not find them
  parts.Try([&] {
    if (const std::optional<SwitchRecord> cut_off = ReadSwitchRecord(host.layout)) {
      adopted = cut_off->adopted;
    }
  });
  const bool recovered = parts.Try([&] {
    const std::string done = Recover(host, Services::kLeave).done;
    if (!done.empty()) {
      host.io.Err("activate: {}\n", done);
    }
  });
  if (!recovered && CurrentWasTried(host)) {
    parts.ThrowFirst();
  }
  RepairCurrent(host.layout);
  const uint64_t current = CurrentGeneration(host.layout);
  const HostedUnits hosted = LoadUnits(host.layout, current);
  const UnitNames units = NamesOf(hosted);
  UnitNames stale;
  for (const std::string& linked : LinkedUnits(host)) {
    if (std::find(units.begin(), units.end(), linked) == units.end()) {
      stale.push_back(linked);
    }
  }
  bool reload = false;
  UnitNames linked;
  for (const std::string& unit :
       units) {  // one at a time: a file in the way of one holds up that one alone
    if (parts.Try([&] { reload = EnsureUnitLinks(host, {unit}) || reload; })) {
      linked.push_back(unit);
    }
  }
  parts.Try([&] { reload = RemoveUnitLinks(host, stale) || reload; });
  if (reload || NeedsReload(host, linked)) {
    parts.Try([&] { host.systemd.DaemonReload(); });
  }
  parts.Try([&] { ProvideUsers(host, current); });
  // They are ordered after us: waiting for them would be waiting for ourselves.
  const UnitNames start = NamesOf(Unscheduled(Select(hosted, linked)));
  host.systemd.QueueStart(start + (adopted - start));
  parts.ThrowFirst();
}

}  // namespace activator
