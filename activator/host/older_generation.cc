#include "activator/host/older_generation.h"

#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include "activator/state/generations.h"
#include "base/error.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

using Texts = std::map<std::string, std::string>;

// The values of the lines OPTION=value of a unit that we rendered ourselves.
std::vector<std::string> ValuesOf(const std::string& unit_text, std::string_view option) {
  std::vector<std::string> out;
  std::istringstream lines(unit_text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(std::string(option) + "=")) {
      continue;
    }
    std::string value;
    for (size_t i = option.size() + 1; i < line.size(); ++i) {
      value += line[i];
      if (line.compare(i, 2, "%%") == 0) {
        ++i;
      }
    }
    out.push_back(value);
  }
  return out;
}

std::string ValueOf(const std::string& unit_text, std::string_view option) {
  const std::vector<std::string> values = ValuesOf(unit_text, option);
  return values.empty() ? "" : values.back();
}

std::map<units::AuxiliaryUnit, std::chrono::seconds> TaskLimitsOf(const std::string& unit,
                                                                  const Texts& tasks) {
  std::map<units::AuxiliaryUnit, std::chrono::seconds> out;
  for (const units::AuxiliaryUnit task : units::kAuxiliaryUnits) {
    const auto text = tasks.find(units::AuxiliaryUnitName(unit, task));
    if (text == tasks.end()) {
      continue;
    }
    // Each command may take that long; the last one is ExecStart=.
    const uint64_t commands = ValuesOf(text->second, "ExecStartPre").size() + 1;
    const uint64_t each =
        std::strtoull(ValueOf(text->second, units::kTimeoutOption).c_str(), nullptr, 10);
    out[task] = std::chrono::seconds(commands * each + units::kTaskStopSeconds);
  }
  return out;
}

void AddHealth(const images::HostLayout& layout, uint64_t number, units::FactsByUnit& to) {
  const std::optional<Generation> generation = FindGeneration(layout, number);
  for (const auto& [name, digest] : generation ? generation->apps : Apps{}) {
    try {
      const std::string path = layout.Version(name, images::ImageId::Of(digest));
      const images::ImageDirectory version(path);
      for (const auto& [unit, facts] : units::FactsOf(version.stored(), path)) {
        if (const auto found = to.find(unit); found != to.end()) {
          found->second.health = facts.health;
        }
      }
    } catch (const base::Error&) {
      continue;
    }
  }
}

}  // namespace

units::FactsByUnit FactsOfOlder(const images::HostLayout& layout, uint64_t generation) {
  const Texts units = UnitTexts(layout, generation);
  const Texts tasks = TaskTexts(layout, generation);
  units::FactsByUnit out;
  for (const auto& [name, text] : units) {
    units::UnitFacts& facts = out[name];
    facts.image_path = ValueOf(text, "RootImage");
    facts.verity_root = base::Sha256::FromHex(ValueOf(text, "RootHash"));
    facts.is_oneshot = ValueOf(text, "Type") == "oneshot";
    facts.listen = ValuesOf(text, "ListenStream");
    facts.task_limits = TaskLimitsOf(name, tasks);
    facts.is_scheduled =
        name.ends_with(".service") && units.contains(name.substr(0, name.rfind('.')) + ".timer");
  }
  AddHealth(layout, generation, out);
  return out;
}

}  // namespace activator
