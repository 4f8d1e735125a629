#include "activator/pull/pull_problems.h"

#include <optional>

#include "activator/pull/pull_files.h"
#include "base/error.h"
#include "units/rendered_unit.h"

namespace activator {

std::vector<std::string> PullProblems(const images::HostLayout& layout, Systemd* systemd) {
  std::vector<std::string> out;
  std::optional<PullConfig> config;
  try {
    config = LoadConfig(layout);
  } catch (const base::Error& error) {
    return {fmt::format("{}; nothing is pulled: enroll this host anew (imgpush channel enroll)",
                        error.what())};
  }
  if (!config) {
    return out;
  }
  for (const std::string& channel : config->channels) {
    try {
      LoadMemory(layout, channel);
    } catch (const base::Error& error) {
      out.emplace_back(error.what());
    }
  }
  if (systemd != nullptr) {
    for (const auto& [unit, state] : systemd->Show({units::kPullTimer, units::kFetchSocket})) {
      if (state.active != "active") {
        out.push_back(fmt::format("{} is {}, so nothing is polled: systemctl start {}", unit,
                                  state.load == "not-found" ? "not there" : state.active, unit));
      }
    }
  }
  return out;
}

}  // namespace activator
