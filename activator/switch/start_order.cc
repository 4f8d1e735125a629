#include "activator/switch/start_order.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"
#include "images/service/port_claims.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

// The folder of its versions; empty where it is not known. A socket or a timer has no image and
// belongs to its service.
std::string AppOf(const std::string& unit, const InstalledUnits& units) {
  auto found = units.find(unit);
  if (found != units.end() && found->second.image_path.empty()) {
    found = units.find(unit.substr(0, unit.rfind('.')) + ".service");
  }
  return found == units.end() || found->second.image_path.empty()
             ? ""
             : base::ParentOf(base::ParentOf(found->second.image_path));
}

std::string AppOf(const std::string& unit, const InstalledUnits& from, const InstalledUnits& to) {
  const std::string old = AppOf(unit, from);
  return old.empty() ? AppOf(unit, to) : old;
}

// Whether one of them may be ordered after the other, or pull it in.
bool AreRelated(const std::string& a, const InstalledUnit& of_a, const std::string& b,
                const InstalledUnit& of_b) {
  return of_a.text.find(b) != std::string::npos || of_b.text.find(a) != std::string::npos;
}

// Adds what must wait for what waits. Returns whether there was something.
bool AddRelated(const InstalledUnits& waiting, const InstalledUnits& from, const InstalledUnits& to,
                AppFolders& held) {
  const size_t before = held.size();
  for (const auto& entry : waiting) {
    const std::string app = AppOf(entry.first, from, to);
    const bool waits = std::any_of(to.begin(), to.end(), [&](const auto& other) {
      return held.contains(AppOf(other.first, from, to)) &&
             AreRelated(entry.first, entry.second, other.first, other.second);
    });
    if (waits) {
      held.insert(app);
    }
  }
  return held.size() > before;
}

using Claims = std::set<std::pair<uint64_t, std::string>>;

Claims ClaimsOf(const std::string& version_path) {
  Claims out;
  const images::ImageDirectory version(version_path);
  for (const images::PortClaim& claim : images::PortClaimsOf(version.manifest().services)) {
    out.emplace(claim.port, claim.address.value_or(""));
  }
  return out;
}

}  // namespace

AppFolders TakingPorts(const images::HostLayout& layout, uint64_t from, uint64_t to) {
  AppFolders out;
  const std::optional<Generation> before = FindGeneration(layout, from);
  for (const auto& [name, digest] : LoadGeneration(layout, to).apps) {
    try {
      const auto old = before ? before->apps.find(name) : Apps::const_iterator();
      if (!before || old == before->apps.end()) {
        continue;  // MayStart knows those that are new
      }
      const Claims had = ClaimsOf(layout.Version(name, images::ImageId::Of(old->second)));
      const Claims has = ClaimsOf(layout.Version(name, images::ImageId::Of(digest)));
      if (!std::includes(had.begin(), had.end(), has.begin(), has.end())) {
        out.insert(layout.root() + "/" + name);
      }
    } catch (const base::Error&) {  // of an old version that is damaged nobody knows what it had
      out.insert(layout.root() + "/" + name);
    }
  }
  return out;
}

InstalledUnits MayStart(const InstalledUnits& waiting, const UnitNames& stopping,
                        const InstalledUnits& from, const InstalledUnits& to,
                        const AppFolders& must_wait) {
  if (stopping.empty()) {
    return waiting;
  }
  AppFolders running;
  for (const auto& [name, unit] : from) {
    running.insert(AppOf(name, from));
  }
  AppFolders held = must_wait;
  for (const std::string& unit : stopping) {
    held.insert(AppOf(unit, from, to));
  }
  for (const auto& [name, unit] : waiting) {
    if (const std::string app = AppOf(name, from, to); !running.contains(app)) {
      held.insert(app);
    }
  }
  if (held.contains("")) {  // of whom nobody knows whose it is
    return {};
  }
  while (AddRelated(waiting, from, to, held)) {
  }
  InstalledUnits out = waiting;
  std::erase_if(out, [&](const auto& unit) { return held.contains(AppOf(unit.first, from, to)); });
  return out;
}

bool MayStopAs(const InstalledUnit& from, const InstalledUnit& to) {
  return from.stop && from.stop == to.stop &&
         std::ranges::none_of(*from.stop,
                              [](const auto& line) { return line.first.starts_with("ExecStop"); });
}

}  // namespace activator
