#include "activator/hosted_units.h"

#include <algorithm>
#include <string_view>

#include "activator/generations.h"
#include "base/error.h"
#include "images/image_directory.h"

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

UnitNames InPlace(const HostedUnits& from, const HostedUnits& to, const UnitNames& changed) {
  UnitNames out;
  for (const auto& [socket, unit] : to) {
    const std::string service = StemOf(socket, ".socket") + ".service";
    if (!from.contains(socket) || !from.contains(service) || !to.contains(service)) {
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
  for (const auto& [name, digest] : LoadGeneration(layout, number).apps) {
    try {  // see LoadUnits
      const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
      for (const auto& [service, description] : version.manifest().services) {
        for (const char* kind : {".service", ".socket", ".timer"}) {
          out[service + kind] = description.health;
        }
      }
    } catch (const base::Error&) {
      continue;
    }
  }
  return out;
}

}  // namespace

std::string StemOf(const std::string& unit, std::string_view suffix) {
  return unit.ends_with(suffix) ? unit.substr(0, unit.size() - suffix.size()) : "";
}

HostedUnits LoadUnits(const images::HostLayout& layout, uint64_t generation) {
  HostedUnits out;
  if (generation == kNoGeneration) {
    return out;
  }
  const HealthByUnit health = HealthOf(layout, generation);
  for (const auto& [name, text] : UnitTexts(layout, generation)) {
    HostedUnit unit;
    unit.text = text;
    unit.image_path = ValueOf(text, "RootImage");
    unit.is_oneshot = ValueOf(text, "Type") == "oneshot";
    if (const auto known = health.find(name); known != health.end()) {
      unit.health = known->second;
    }
    out.emplace(name, std::move(unit));
  }
  for (auto& [name, unit] : out) {
    const std::string stem = StemOf(name, ".service");
    unit.is_scheduled = !stem.empty() && out.contains(stem + ".timer");
  }
  return out;
}

UnitDifference Compare(const HostedUnits& from, const HostedUnits& to) {
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
  out.in_place = InPlace(from, to, out.changed);
  return out;
}

HostedUnits Unscheduled(HostedUnits units) {
  std::erase_if(units, [](const auto& entry) { return entry.second.is_scheduled; });
  return units;
}

UnitNames NamesOf(const HostedUnits& units) {
  UnitNames out;
  for (const auto& [name, unit] : units) {
    out.push_back(name);
  }
  return out;
}

HostedUnits Select(const HostedUnits& units, const UnitNames& names) {
  HostedUnits out;
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
