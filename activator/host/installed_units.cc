#include "activator/host/installed_units.h"

#include <algorithm>
#include <optional>

#include "activator/host/older_generation.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

// The sockets that both generations have, with their services.
std::map<std::string, std::string> SocketsOfBoth(const InstalledUnits& from,
                                                 const InstalledUnits& to) {
  std::map<std::string, std::string> out;
  for (const auto& [socket, unit] : to) {
    const std::string service = StemOf(socket, ".socket") + ".service";
    if (from.contains(socket) && from.contains(service) && to.contains(service)) {
      out.emplace(socket, service);
    }
  }
  return out;
}

// A socket that stayed open would start the service again while the hook runs.
UnitNames SocketsToStop(const InstalledUnits& from, const InstalledUnits& to,
                        const UnitNames& changed) {
  UnitNames out;
  for (const auto& [socket, service] : SocketsOfBoth(from, to)) {
    if (to.at(service).task_limits.contains(units::AuxiliaryUnit::kBeforeStart) &&
        Contains(changed, service) && !Contains(changed, socket)) {
      out.push_back(socket);
    }
  }
  return out;
}

UnitNames InPlace(const InstalledUnits& from, const InstalledUnits& to, const UnitNames& changed) {
  UnitNames out;
  for (const auto& [socket, service] : SocketsOfBoth(from, to)) {
    if (to.at(service).task_limits.contains(units::AuxiliaryUnit::kBeforeStart)) {
      continue;
    }
    const bool socket_changed = Contains(changed, socket);
    if (socket_changed || Contains(changed, service)) {
      out.push_back(service);
      if (socket_changed) {
        out.push_back(socket);
      }
    }
  }
  return out;
}

units::FactsByUnit FactsOf(const images::HostLayout& layout, uint64_t generation) {
  const std::string path = layout.Generation(generation) + kUnitFactsFile;
  try {
    if (const std::optional<std::string> text = base::ReadFileIfThere(path)) {
      return units::ParseFacts(*text, path);
    }
  } catch (const base::Error& error) {
    // The way out of a generation whose file is damaged, or on a bad sector, must not depend on it.
    if (error.code() != base::ExitCode::kVerification && error.error_number() == 0) {
      throw;
    }
  }
  return FactsOfOlder(layout, generation);
}

}  // namespace

std::string StemOf(const std::string& unit, std::string_view suffix) {
  return unit.ends_with(suffix) ? unit.substr(0, unit.size() - suffix.size()) : "";
}

InstalledUnits UnitsOf(const std::map<std::string, std::string>& texts,
                       const units::FactsByUnit& facts) {
  InstalledUnits out;
  for (const auto& [name, text] : texts) {
    InstalledUnit& unit = out[name];
    if (const auto known = facts.find(name); known != facts.end()) {
      static_cast<units::UnitFacts&>(unit) = known->second;
    }
    unit.text = text;
  }
  return out;
}

InstalledUnits LoadUnits(const images::HostLayout& layout, uint64_t generation) {
  if (generation == kNoGeneration) {
    return {};
  }
  if (!base::Exists(layout.Generation(generation) + "/units")) {
    LoadGeneration(layout, generation);  // says that it is not there
  }
  return UnitsOf(UnitTexts(layout, generation), FactsOf(layout, generation));
}

UnitDifference Compare(const InstalledUnits& from, const InstalledUnits& to) {
  UnitDifference out;
  for (const auto& [name, unit] : to) {
    const auto old = from.find(name);
    if (old == from.end()) {
      out.added.push_back(name);
    } else if (old->second.text != unit.text) {
      out.changed.push_back(name);
    }
  }
  for (const auto& [name, unit] : from) {
    if (!to.contains(name)) {
      out.removed.push_back(name);
    }
  }
  out.changed = out.changed + SocketsToStop(from, to, out.changed);
  out.in_place = InPlace(from, to, out.changed);
  return out;
}

UnitEffects EffectsOf(const InstalledUnits& from, const InstalledUnits& to) {
  const UnitDifference difference = Compare(from, to);
  const InstalledUnits ran = Unscheduled(from);
  const InstalledUnits runs = Unscheduled(to);
  UnitEffects out;
  for (const std::string& unit : difference.changed + (difference.in_place - difference.changed)) {
    if (ran.contains(unit) && runs.contains(unit)) {
      out.restarted.push_back(unit);
    } else if (runs.contains(unit)) {
      out.started.push_back(unit);
    } else if (ran.contains(unit)) {
      out.stopped.push_back(unit);
    }
  }
  out.started = NamesOf(Select(runs, difference.added)) + out.started;
  out.stopped = difference.removed + out.stopped;
  return out;
}

InstalledUnits Unscheduled(InstalledUnits units) {
  std::erase_if(units, [](const auto& entry) { return entry.second.is_scheduled; });
  return units;
}

UnitNames ScheduledInBoth(const InstalledUnits& from, const InstalledUnits& to) {
  UnitNames out;
  for (const auto& [name, unit] : to) {
    const auto old = from.find(name);
    if (unit.is_scheduled && old != from.end() && old->second.is_scheduled) {
      out.push_back(name);
    }
  }
  return out;
}

UnitNames NamesOf(const InstalledUnits& units) {
  UnitNames out;
  for (const auto& [name, unit] : units) {
    out.push_back(name);
  }
  return out;
}

InstalledUnits Select(const InstalledUnits& units, const UnitNames& names) {
  InstalledUnits out;
  for (const std::string& name : names) {
    if (const auto unit = units.find(name); unit != units.end()) {
      out.insert(*unit);
    }
  }
  return out;
}

UnitNames operator+(UnitNames a, const UnitNames& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

UnitNames operator-(UnitNames a, const UnitNames& b) {
  std::erase_if(a, [&](const std::string& unit) { return Contains(b, unit); });
  return a;
}

bool Contains(const UnitNames& units, const std::string& unit) {
  return std::find(units.begin(), units.end(), unit) != units.end();
}

}  // namespace activator
