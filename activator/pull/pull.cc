#include "activator/pull/pull.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "activator/pull/channel_pull.h"
#include "activator/pull/pull_files.h"
#include "activator/pull/pull_run.h"
#include "activator/pull/state_report.h"
#include "activator/trust/host_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/printable.h"
#include "images/channel/object_key.h"

namespace activator {
namespace {

constexpr size_t kMachineIdDigits = 32;

PullConfig RequireConfig(const images::HostLayout& layout) {
  std::optional<PullConfig> out = LoadConfig(layout);
  if (!out) {
    base::Fail(base::ExitCode::kFailed,
               "this host pulls from no channel: imgpush channel enroll enrolls it");
  }
  return *std::move(out);
}

std::vector<std::string> ChannelsToPoll(const PullConfig& config,
                                        const std::vector<std::string>& named) {
  for (const std::string& channel : named) {
    if (std::ranges::find(config.channels, channel) == config.channels.end()) {
      base::Fail(base::ExitCode::kUsage, "this host does not pull from channel {}: enroll it anew",
                 channel);
    }
  }
  return named.empty() ? config.channels : named;
}

images::Trust RequireTrust(const images::HostLayout& layout) {
  std::optional<HostTrust> out = LoadTrust(layout);
  if (!out) {
    base::Fail(images::kUntrusted,
               "this host trusts nobody yet, so no head of a channel counts: imgpush --trust");
  }
  return *std::move(out);
}

int WorstOf(const std::map<std::string, images::ChannelReport>& reports) {
  uint64_t out = 0;
  for (const auto& [channel, report] : reports) {
    if (images::BadnessOf(report.exit_code) > images::BadnessOf(out)) {
      out = report.exit_code;
    }
  }
  return static_cast<int>(out);
}

// `activate status` tells it.
images::ChannelReport FailedReport(images::ChannelReport last, const base::Error& error) {
  last.result = images::ChannelResult::kFailed;
  last.starts.reset();
  last.exit_code = static_cast<uint64_t>(error.code());
  last.error = base::Printable(error.what(), images::kMaxReportError);
  return last;
}

// Of this poll and, of channels that were not polled, of before.
images::PollTimes NotePoll(const images::HostLayout& layout, const PullConfig& config,
                           const std::vector<std::string>& polled, images::TimePoint now) {
  const images::PollTimes before = LoadPolled(layout);
  images::PollTimes out;
  for (const std::string& channel : config.channels) {
    if (std::ranges::find(polled, channel) != polled.end()) {
      out[channel] = now;
    } else if (const auto found = before.find(channel); found != before.end()) {
      out.insert(*found);
    }
  }
  StorePolled(layout, out);
  return out;
}

// A web server takes none, and a folder is not fetch's to write.
bool TakesReports(const PullConfig& config) { return config.store.starts_with("s3"); }

// The next pull tries again.
void Report(const images::HostLayout& layout, const PullConfig& config, PullResult& result,
            const std::function<void(const std::string& key, const std::string& text)>& put) {
  if (!TakesReports(config) || !IsToBeReported(result.state, LoadReported(layout))) {
    return;
  }
  try {
    put(images::StateKey(config.host), result.state.Serialize());
    StoreReported(layout, result.state);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    result.not_reported = error.what();
    if (result.exit_code == 0) {
      result.exit_code = static_cast<int>(base::ExitCode::kBusy);
    }
  }
}

}  // namespace

PullResult RunPull(const images::HostLayout& layout, const PullRequest& request,
                   const PullSteps& steps) {
  steps.prepare_root(layout);
  RequireConfig(layout);  // without it there may be no folder to lock
  const base::FileLock lock(PullLock(layout), "the pull of this host", "activate pull",
                            request.lock_wait);
  const PullConfig config = RequireConfig(layout);
  const std::vector<std::string> channels = ChannelsToPoll(config, request.channels);
  const std::optional<images::StateDocument> before = LoadState(layout);
  const auto last = [&](const std::string& channel) {
    return before && before->channels.contains(channel) ? before->channels.at(channel)
                                                        : images::ChannelReport();
  };
  std::map<std::string, images::ChannelReport> reports;
  const std::chrono::seconds offset(before ? before->clock_offset_seconds : 0);
  std::optional<PullRun> run;
  try {
    run.emplace(layout, config, steps, RequireTrust(layout), offset);
  } catch (const base::Error& error) {
    for (const std::string& channel : channels) {
      reports[channel] = FailedReport(last(channel), error);
    }
    const auto now = std::chrono::floor<std::chrono::seconds>(steps.clock->Now());
    PullResult out;
    out.state = MakeState(config, reports, before, offset, now);
    NotePoll(layout, config, channels, now);
    StoreState(layout, out.state);
    Report(layout, config, out, [&](const std::string& key, const std::string& text) {
      FetchClient(steps.connect(), config, steps.idle_limit).Put(key, text);
    });
    throw;
  }
  run->ends_overrides = request.end_overrides;
  for (const std::string& channel : channels) {
    reports[channel] = PullChannel(*run, channel, last(channel));
  }
  PullResult out;
  out.state = MakeState(config, reports, before, run->clock_offset, run->Now());
  out.exit_code = WorstOf(reports);
  out.polled = NotePoll(layout, config, channels, run->Now());
  StoreState(layout, out.state);
  Report(layout, config, out,
         [&](const std::string& key, const std::string& text) { run->Put(key, text); });
  return out;
}

std::string ReadMachineId(const std::string& path) {
  std::string out = base::ReadFileIfThere(path, 4096).value_or("");
  out.erase(out.find_last_not_of(" \n") + 1);
  if (out.size() != kMachineIdDigits ||
      out.find_first_not_of("0123456789abcdef") != std::string::npos) {
    base::Fail(base::ExitCode::kFailed,
               "{} has no machine id, by which a host has its place: systemd-machine-id-setup",
               path);
  }
  return out;
}

}  // namespace activator
