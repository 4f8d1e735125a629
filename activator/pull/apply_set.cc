#include "activator/pull/apply_set.h"

#include <chrono>
#include <map>
#include <utility>

#include "activator/receive/conversation.h"
#include "activator/receive/host_view.h"
#include "activator/receive/receive_session.h"
#include "activator/stage/stage.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "activator/switch/after_boot.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/printable.h"

namespace activator {
namespace {

using Versions = std::map<std::string, base::Sha256>;

constexpr std::string_view kBy = "channel ";
constexpr int kMostCutOff = 2;
constexpr size_t kMaxLabelSaid = 100;
constexpr std::chrono::seconds kLockWait(60);  // nobody is there to try again

Apps WantedApps(const images::HostLayout& layout, const SetToApply& set) {
  Apps out = ActiveApps(layout);
  for (const std::string& name : set.remove) {
    out.erase(name);
  }
  for (const auto& [name, digest] : set.apps) {
    out.insert_or_assign(name, digest);
  }
  return out;
}

bool HasSet(const Apps& apps, const SetToApply& set) {
  return std::ranges::none_of(set.remove,
                              [&](const std::string& name) { return apps.contains(name); }) &&
         std::ranges::all_of(set.apps, [&](const auto& app) {
           const auto found = apps.find(app.first);
           return found != apps.end() && found->second == app.second;
         });
}

Versions NotActive(const images::HostLayout& layout, const SetToApply& set) {
  Versions out(set.apps.begin(), set.apps.end());
  for (const auto& [name, digest] : ActiveApps(layout)) {
    if (const auto found = out.find(name); found != out.end() && found->second == digest) {
      out.erase(found);
    }
  }
  return out;
}

// The checks after a boot ask for a rollback, which is an activation of another generation.
std::optional<Outcome> FailureAfterBoot(const images::HostLayout& layout, uint64_t generation) {
  const std::optional<Event> back = LastEvent(
      layout,
      [&](const Event& event) {
        return event.event == "activated" && event.what == kAfterBoot && event.from == generation;
      },
      [](std::string_view line) { return line.find(kAfterBoot) != std::string_view::npos; });
  if (!back) {
    return std::nullopt;
  }
  return Outcome{
      static_cast<int>(base::ExitCode::kRolledBack),
      fmt::format("generation {} was not healthy after a boot, and the host went back to "
                  "generation {}",
                  generation, back->generation),
      {}};
}

// The peer of this push is fetch: what it says it ended with is not how this pull ended.
base::Error AsOurs(const base::Error& error) {
  switch (error.code()) {
    case base::ExitCode::kInterrupted:  // which of the two was?
      return IsOwnInterrupt(error) ? error : base::Error(base::ExitCode::kBusy, error.what());
    case base::ExitCode::kUnreachable:
    case base::ExitCode::kBusy:
      return {base::ExitCode::kBusy, error.what()};
    case base::ExitCode::kVerification:
      return error;
    default:
      return {base::ExitCode::kFailed, error.what()};
  }
}

class SetPush {
 public:
  SetPush(PullRun& run, const SetToApply& set) : run_(run), set_(set), by_(ByOf(set.channel)) {}

  StagedGeneration Run();

 private:
  void Play();
  void Receive(pusher::Wire& wire);
  void CheckOffer(const OfferedVersion& offered);
  StagedGeneration Stage(const images::HostLayout& layout, const Versions& changes);

  PullRun& run_;
  const SetToApply& set_;
  const std::string by_;
  Versions played_;
  bool got_delta_ = false;
  bool without_deltas_ = false;
  std::optional<StagedGeneration> staged_;
};

StagedGeneration SetPush::Run() {
  played_ = NotActive(run_.layout, set_);
  if (played_.empty()) {
    const base::FileLock lock(run_.layout.Lock(), "the host", by_, kLockWait);
    return Stage(run_.layout, {});
  }
  // A recorded delta may give wrong texts, though the image beside it is right.
  try {
    Play();
  } catch (const base::Error& error) {
    if (!got_delta_ || (error.code() != base::ExitCode::kVerification &&
                        error.code() != base::ExitCode::kFailed)) {
      throw;
    }
    base::Log(base::LogLevel::kWarning, "{}: once more, without recorded deltas", error.what());
    without_deltas_ = true;
    Play();
  }
  return *staged_;
}

void SetPush::Play() {
  std::vector<pusher::VersionDigest> versions;
  for (const auto& [name, digest] : played_) {
    versions.push_back({name, digest});
  }
  FetchClient& client = run_.Client();
  try {
    client.Play(versions, [&](pusher::Wire& wire) { Receive(wire); });
  } catch (const base::Error& error) {
    run_.client.reset();
    throw AsOurs(error);
  }
  if (!staged_) {
    run_.client.reset();
    base::Fail(base::ExitCode::kBusy, "fetch ended without a push");
  }
}

// An older release counts too: which one it is to be, the head says.
void SetPush::Receive(pusher::Wire& wire) {
  ReceiveOptions options;
  options.root = run_.layout.root();
  options.by = by_;
  options.lock_wait = kLockWait;
  options.older = true;
  options.without_deltas = without_deltas_;
  ReceiveSteps steps;
  steps.prepare_root = run_.steps.prepare_root;
  steps.probe_features = [&] { return run_.abilities.features; };
  steps.stage = [&](const images::HostLayout& layout, const Versions& changes,
                    const std::string& /*by*/) { return Stage(layout, changes); };
  steps.check_offer = [&](const OfferedVersion& offered) { CheckOffer(offered); };
  Converse(wire, [&](pusher::KeepAlive& alive) {
    ReceiveSession(options, steps, wire, alive).Run(LookAtHost(options, steps.probe_features));
  });
}

// Also another version that is signed well must leave nothing behind.
void SetPush::CheckOffer(const OfferedVersion& offered) {
  got_delta_ |= offered.is_delta;
  const auto asked = played_.find(offered.name);
  if (asked == played_.end() || asked->second != offered.manifest_sha256) {
    base::Fail(base::ExitCode::kVerification,
               "fetch offers {} {}, which it was not asked for by channel {}", offered.name,
               images::ImageId::Of(offered.manifest_sha256).text(), set_.channel);
  }
  if (!offered.label.empty()) {
    base::Fail(base::ExitCode::kVerification,
               "fetch calls {} {}, and channel {} calls no version anything", offered.name,
               base::Printable(offered.label, kMaxLabelSaid), set_.channel);
  }
}

// The caller holds the host's lock.
StagedGeneration SetPush::Stage(const images::HostLayout& layout, const Versions& changes) {
  if (changes != played_) {
    base::Fail(base::ExitCode::kVerification,
               "fetch sent other versions than the head of channel {} names", set_.channel);
  }
  staged_ = StageApps(layout, WantedApps(layout, set_), by_);
  return *staged_;
}

}  // namespace

std::string ByOf(const std::string& channel) { return std::string(kBy) + channel; }

bool IsByChannel(const std::string& by) { return by.starts_with(kBy); }

std::string ChannelOf(const std::string& by) { return by.substr(kBy.size()); }

std::string ActivationIdOf(const SetToApply& set, uint64_t generation) {
  const std::string what = fmt::format("{} {} {}", set.channel, set.digest.ToHex(), generation);
  return "pull" + base::Sha256Of(what).ToHex().substr(0, 16);
}

bool IsActive(const images::HostLayout& layout, const SetToApply& set) {
  return HasSet(ActiveApps(layout), set);
}

std::optional<Outcome> RecordedFailure(const images::HostLayout& layout, const SetToApply& set) {
  int cut_off = 0;  // in a row
  for (const Generation& generation : LoadGenerations(layout)) {
    if (generation.by != ByOf(set.channel) || !HasSet(generation.apps, set)) {
      continue;
    }
    const std::optional<Event> end =
        LastEventOf(layout, ActivationIdOf(set, generation.number),
                    [](const Event& event) { return OutcomeOf(event).has_value(); });
    if (!end || IsRefusal(*end)) {
      continue;
    }
    cut_off = end->cut_off ? cut_off + 1 : 0;
    if (end->event == "activated") {
      if (std::optional<Outcome> out = FailureAfterBoot(layout, generation.number)) {
        return out;
      }
    } else if (!end->cut_off || cut_off == kMostCutOff) {
      return OutcomeOf(*end);
    }
  }
  return std::nullopt;
}

uint64_t StageSet(PullRun& run, const SetToApply& set, images::Fetched& fetched) {
  const auto start = run.steps.clock->Monotonic();
  const FetchTraffic before = run.client ? run.client->traffic() : FetchTraffic();
  const StagedGeneration staged = SetPush(run, set).Run();
  if (run.client) {
    try {  // an answer says what all took; it is not waited for while services are switched
      run.client->UpdateTraffic();
      const FetchTraffic& now = run.client->traffic();
      fetched = {now.requests - std::min(now.requests, before.requests),
                 now.bytes - std::min(now.bytes, before.bytes),
                 static_cast<uint64_t>(
                     std::chrono::ceil<std::chrono::seconds>(run.steps.clock->Monotonic() - start)
                         .count())};
    } catch (const base::Error& error) {
      if (IsOwnInterrupt(error)) {
        throw;
      }
    }
    run.client.reset();
  }
  if (!HasSet(LoadGeneration(run.layout, staged.number).apps, set)) {
    base::Fail(base::ExitCode::kVerification, "generation {} is not the set of channel {}",
               staged.number, set.channel);
  }
  return staged.number;
}

}  // namespace activator
