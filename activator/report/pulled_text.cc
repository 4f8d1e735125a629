// What the last pull found of a host's channels, for people.
#include "activator/report/report.h"
#include "base/clock.h"
#include "base/printable.h"

namespace activator {
namespace {

std::string ResultText(const images::ChannelReport& report) {
  switch (report.result) {
    case images::ChannelResult::kActive:
      return "active";
    case images::ChannelResult::kWaiting:
      return report.starts ? "waits until " + base::ToIso8601(*report.starts)
                           : "waits: no wave has this host yet";
    case images::ChannelResult::kHeld:
      return "held";
    case images::ChannelResult::kRolledBack:
      return "FAILED here and was rolled back";
    case images::ChannelResult::kFailed:
      return "FAILED, is tried again";
    case images::ChannelResult::kStale:
      return "STALE: the channel has expired";
    case images::ChannelResult::kOverridden:
      return "active, but for what an override keeps";
  }
  return "";
}

std::string LineOf(const std::string& channel, const images::ChannelReport& report,
                   const images::PollTimes& polled) {
  const bool runs_seen =
      report.seen && report.applied && report.applied->version == report.seen->version;
  // What runs has not failed where only a poll has.
  const bool is_of_poll =
      report.result == images::ChannelResult::kFailed && (runs_seen || !report.seen);
  std::string out = fmt::format("Channel {}: ", channel);
  out += is_of_poll    ? "the poll "
         : report.seen ? fmt::format("version {} ", report.seen->version)
                       : "";
  out += ResultText(report);
  if (report.applied && (is_of_poll || !runs_seen)) {
    out += fmt::format("; version {} runs", report.applied->version);
  }
  if (const auto found = polled.find(channel); found != polled.end()) {
    out += fmt::format(" (polled {})", base::ToIso8601(found->second));
  }
  return out + (report.error.empty() ? "\n" : fmt::format(": {}\n", report.error));
}

}  // namespace

std::string PulledText(const images::StateDocument& pulled, const images::PollTimes& polled) {
  std::map<size_t, std::string> by_badness;
  for (const auto& [channel, report] : pulled.channels) {
    by_badness[images::BadnessOf(report.exit_code)] += LineOf(channel, report, polled);
  }
  std::string out;
  for (const auto& [badness, lines] : by_badness) {
    out += lines;
  }
  return out;
}

}  // namespace activator
