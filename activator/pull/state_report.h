// What a host tells the store of its channels: state/HOST.json.
#ifndef SLIPWAY_ACTIVATOR_PULL_STATE_REPORT_H_
#define SLIPWAY_ACTIVATOR_PULL_STATE_REPORT_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "activator/pull/pull_config.h"
#include "images/channel/state_document.h"

namespace activator {

inline constexpr std::chrono::hours kReportEvery(6);

// `reports`: of the channels that were polled. The others are as in `before`, unless the host has
// them no more. Its sequence and time are those of `before`, which was written last, where nothing
// else is new.
images::StateDocument MakeState(const PullConfig& config,
                                const std::map<std::string, images::ChannelReport>& reports,
                                const std::optional<images::StateDocument>& before,
                                std::chrono::seconds clock_offset, images::TimePoint now);

// Whether the store is to have `state`, where it has `reported`.
bool IsToBeReported(const images::StateDocument& state,
                    const std::optional<images::StateDocument>& reported);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_STATE_REPORT_H_
