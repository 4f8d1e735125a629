#include "activator/pull/state_report.h"

#include "base/version.h"

namespace activator {
namespace {

bool SaysTheSame(images::StateDocument one, const images::StateDocument& other) {
  one.time = other.time;
  one.sequence = other.sequence;
  return one == other;
}

}  // namespace

images::StateDocument MakeState(const PullConfig& config,
                                const std::map<std::string, images::ChannelReport>& reports,
                                const std::optional<images::StateDocument>& before,
                                std::chrono::seconds clock_offset, images::TimePoint now) {
  images::StateDocument out;
  out.host = config.host;
  out.time = now;
  out.sequence = before ? before->sequence + 1 : 1;
  out.agent = base::kVersion;
  out.clock_offset_seconds = clock_offset.count();
  for (const std::string& channel : config.channels) {
    if (const auto polled = reports.find(channel); polled != reports.end()) {
      out.channels[channel] = polled->second;
    } else if (before && before->channels.contains(channel)) {
      out.channels[channel] = before->channels.at(channel);
    }
  }
  const bool is_recent = before && now >= before->time && now - before->time < kReportEvery;
  return is_recent && SaysTheSame(out, *before) ? *before : out;
}

bool IsToBeReported(const images::StateDocument& state,
                    const std::optional<images::StateDocument>& reported) {
  return !reported || *reported != state;
}

}  // namespace activator
