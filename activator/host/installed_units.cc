#include "activator/host/installed_units.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"
#include "images/service/address.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

// The value of the last line OPTION=value of a unit that we rendered ourselves.
std::string ValueOf(const std::string& unit_text, std::string_view option) {
  const std::string key = "\n" + std::string(option) + "=";
  const size_t at = unit_text.rfind(key);
  if (at == std::string::npos) {
    return "";
  }
  const size_t start = at + key.size();
  const std::string raw = unit_text.substr(start, unit_text.find('\n', start) - start);
  std::string value;
  for (size_t i = 0; i < raw.size(); ++i) {
    value += raw[i];
    if (raw.compare(i, 2, "%%") == 0) {
      ++i;
    }
  }
  return value;
}

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

using HealthByUnit = std::map<std::string, images::Health>;

HealthByUnit HealthOf(const images::HostLayout& layout, uint64_t number) {
  HealthByUnit out;
  if (!base::Exists(layout.Generation(number) + "/units")) {
    LoadGeneration(layout, number);  // says that it is not there
  }
  const std::optional<Generation> generation = FindGeneration(layout, number);
  for (const auto& [name, digest] : generation ? generation->apps : Apps{}) {
    try {  // see LoadUnits
      const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
      for (const auto& [service, description] : version.manifest().services) {
        for (const char* kind : {".socket", ".timer"}) {
          out[service + kind].timeout_seconds = description.health.timeout_seconds;
          out[service + kind].settle_seconds = description.health.settle_seconds;
        }
        images::Health& health = out[service + ".service"] = description.health;
        if (health.http) {
          health.http->url = images::CheckedUrl(description);
        }
      }
    } catch (const base::Error&) {
      continue;
    }
  }
  return out;
}

std::map<units::AuxiliaryUnit, std::chrono::seconds> TaskLimits(
    const std::string& unit, const std::map<std::string, std::string>& tasks) {
  std::map<units::AuxiliaryUnit, std::chrono::seconds> out;
  for (const units::AuxiliaryUnit task :
       {units::AuxiliaryUnit::kBeforeStart, units::AuxiliaryUnit::kAfterHealthy,
        units::AuxiliaryUnit::kCheck}) {
    const auto text = tasks.find(units::AuxiliaryUnitName(unit, task));
    if (text == tasks.end()) {
      continue;
    }
    uint64_t commands = 1;  // the last one; each may take that long
    for (size_t at = 0; (at = text->second.find("\nExecStartPre=", at)) != std::string::npos;
         ++at) {
      ++commands;
    }
    const uint64_t each =
        std::strtoull(ValueOf(text->second, units::kTimeoutOption).c_str(), nullptr, 10);
    out[task] = std::chrono::seconds(commands * each + units::kTaskStopSeconds);
  }
  return out;
}

}  // namespace

std::string StemOf(const std::string& unit, std::string_view suffix) {
  return unit.ends_with(suffix) ? unit.substr(0, unit.size() - suffix.size()) : "";
}

std::string RootImageOf(const std::string& unit_text) { return ValueOf(unit_text, "RootImage"); }

InstalledUnits HostedTexts(const std::map<std::string, std::string>& units,
                           const std::map<std::string, std::string>& tasks) {
  InstalledUnits out;
  for (const auto& [name, text] : units) {
    InstalledUnit& unit = out[name];
    unit.text = text;
    unit.image_path = RootImageOf(text);
    unit.is_oneshot = ValueOf(text, "Type") == "oneshot";
    unit.task_limits = TaskLimits(name, tasks);
    const std::string stem = StemOf(name, ".service");
    unit.is_scheduled = !stem.empty() && units.contains(stem + ".timer");
  }
  return out;
}

InstalledUnits LoadUnits(const images::HostLayout& layout, uint64_t generation) {
  if (generation == kNoGeneration) {
    return {};
  }
  InstalledUnits out = HostedTexts(UnitTexts(layout, generation), TaskTexts(layout, generation));
  const HealthByUnit health = HealthOf(layout, generation);
  for (auto& [name, unit] : out) {
    if (const auto known = health.find(name); known != health.end()) {
      unit.health = known->second;
    }
  }
  return out;
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
