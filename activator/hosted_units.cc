#include "activator/hosted_units.h"

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

using HealthByUnit = std::map<std::string, images::Health>;

HealthByUnit HealthOf(const images::HostLayout& layout, uint64_t number) {
  HealthByUnit out;
  for (const auto& [name, digest] : LoadGeneration(layout, number).apps) {
    try {  // see LoadUnits
      const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
      for (const auto& [service, description] : version.manifest().services) {
        out[service + ".service"] = description.health;
      }
    } catch (const base::Error&) {
      continue;
    }
  }
  return out;
}

}  // namespace

std::string RootImageOf(const std::string& unit_text) { return ValueOf(unit_text, "RootImage"); }

HostedUnits LoadUnits(const images::HostLayout& layout, uint64_t generation) {
  HostedUnits out;
  if (generation == kNoGeneration) {
    return out;
  }
  const HealthByUnit health = HealthOf(layout, generation);
  for (const auto& [name, text] : UnitTexts(layout, generation)) {
    HostedUnit unit{text, RootImageOf(text), ValueOf(text, "Type") == "oneshot", {}};
    if (const auto known = health.find(name); known != health.end()) {
      unit.health = known->second;
    }
    out.emplace(name, std::move(unit));
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
  return out;
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

}  // namespace activator
