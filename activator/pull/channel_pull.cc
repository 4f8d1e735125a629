#include "activator/pull/channel_pull.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "activator/pull/apply_set.h"
#include "activator/pull/override.h"
#include "activator/pull/programs.h"
#include "activator/pull/pull_files.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/printable.h"
#include "images/channel/decision.h"
#include "images/channel/object_key.h"

namespace activator {
namespace {

using images::Action;
using images::ActionKind;
using images::ChannelResult;

constexpr size_t kMaxTagBytes = 256;

// An interrupt that is not ours is fetch's, which the next poll starts anew.
base::ExitCode CodeOf(const base::Error& error) {
  return error.code() == base::ExitCode::kInterrupted ? base::ExitCode::kBusy : error.code();
}

class ChannelPull {
 public:
  ChannelPull(PullRun& run, std::string channel, const images::ChannelReport& before)
      : run_(run), channel_(std::move(channel)), before_(before) {
    report_.fetched = before.fetched;
    report_.place = before.place;
  }

  images::ChannelReport Run();

 private:
  const images::HostMemory& memory() const { return run_.memories.at(channel_); }
  const images::ChannelHead& head() const { return memory().head->head.head; }
  void Update(const std::function<void(images::HostMemory&)>& change) {
    run_.Remember(UpdateMemory(run_.layout, channel_, change));
  }
  void Pull();
  void Recall();
  void Settle();
  std::optional<images::SignedHead> AskForHead();
  images::Poll MakePoll(std::optional<images::SignedHead> fresh) const;
  void Follow(const Action& action);
  void Apply(const Action& action);
  void RecordApplied(const Action& action);
  void TellEnd(const Action& action, const SetToApply& set, const ActivationEnd& end);
  void RecordFailure(const Outcome& failure);
  void LookAgain();
  void TakePrograms();
  void Tell(base::ExitCode code, const std::string& why);
  void TellFailedBefore(const std::string& why);
  void TellMemory();

  PullRun& run_;
  const std::string channel_;
  const images::ChannelReport& before_;
  bool activated_ = false;  // or tried
  bool counts_ = false;     // the head that is remembered
  std::string etag_;        // of the fresh one
  images::ChannelReport report_;
};

void ChannelPull::Tell(base::ExitCode code, const std::string& why) {
  report_.exit_code = static_cast<uint64_t>(code);
  report_.error = base::Printable(why, images::kMaxReportError);
}

// With the reason of the poll that activated it, for as long as it is not tried again.
void ChannelPull::TellFailedBefore(const std::string& why) {
  const bool is_same = before_.result == ChannelResult::kRolledBack && before_.seen &&
                       before_.seen->version == head().version && !before_.error.empty();
  if (!is_same) {
    Tell(base::ExitCode::kRolledBack, why);
  } else if (before_.error.ends_with(why)) {
    Tell(base::ExitCode::kRolledBack, before_.error);
  } else {
    Tell(base::ExitCode::kRolledBack, fmt::format("{}; {}", before_.error, why));
  }
}

void ChannelPull::TellMemory() {
  const auto found = run_.memories.find(channel_);
  if (found == run_.memories.end()) {
    return;
  }
  if (found->second.head) {
    const images::ChannelHead& seen = found->second.head->head.head;
    report_.seen = images::SeenHead{seen.version, seen.expires};
  }
  report_.applied = found->second.applied;
}

images::ChannelReport ChannelPull::Run() {
  try {
    Pull();
  } catch (const base::Error& error) {
    if (IsOwnInterrupt(error)) {
      throw;
    }
    report_.result = ChannelResult::kFailed;
    report_.starts.reset();
    Tell(CodeOf(error), error.what());
  }
  LookAgain();
  TellMemory();
  return std::move(report_);
}

void ChannelPull::Pull() {
  Recall();
  Settle();
  std::optional<images::SignedHead> fresh = AskForHead();
  const Action action = Decide(MakePoll(fresh));
  report_.place = action.place;
  report_.result = action.result;
  if (action.kind == ActionKind::kRefuse && !action.adopt && (fresh || !counts_)) {
    base::Fail(images::kUntrusted, "{}", action.why);
  }
  if (action.adopt) {
    Update([&](images::HostMemory& memory) {
      memory.head = images::RememberedHead{*std::move(fresh), run_.Now(), etag_};
    });
  }
  Follow(action);
}

void ChannelPull::Recall() {
  Update([&](images::HostMemory& memory) {
    memory.DropEnded(run_.Now());
    if (run_.ends_overrides) {
      memory.overrides.clear();
    }
  });
  counts_ = memory().head && StillCounts(*memory().head, run_.trust, run_.verifier);
}

// A pull that was cut off may have activated the set and not written it down.
void ChannelPull::Settle() {
  if (!counts_) {
    return;
  }
  const Action action = Decide(MakePoll(std::nullopt));
  report_.place = action.place;
  if (action.kind == ActionKind::kNothing && action.result != ChannelResult::kRolledBack) {
    RecordApplied(action);
  }
}

std::optional<images::SignedHead> ChannelPull::AskForHead() {
  const FetchClient::Object object = run_.Get(images::HeadKey(channel_), images::kMaxHeadBytes,
                                              counts_ ? memory().head->etag : "");
  if (object.state == pusher::FetchState::kUnchanged) {
    return std::nullopt;
  }
  if (object.state == pusher::FetchState::kMissing && memory().head) {
    base::Fail(
        base::ExitCode::kBusy,
        "{} has no channel {} any more: mount it if it is a folder, otherwise publish it again",
        run_.config.store, channel_);
  }
  if (object.state == pusher::FetchState::kMissing) {
    base::Fail(base::ExitCode::kFailed, "{} has no channel {}: imgpush publish {} {} NAME",
               run_.config.store, channel_, run_.config.store, channel_);
  }
  images::SignedHead out =
      images::SignedHead::Parse(object.content, fmt::format("the head of channel {}", channel_));
  CheckHeadSigners(out, run_.trust, run_.verifier, run_.Now());
  etag_ = base::Printable(object.version, kMaxTagBytes);
  return out;
}

images::Poll ChannelPull::MakePoll(std::optional<images::SignedHead> fresh) const {
  std::vector<images::HostMemory> all;
  for (const auto& [channel, memory] : run_.memories) {
    all.push_back(memory);
  }
  images::Poll out;
  out.memory = memory();
  out.memory_counts = counts_;
  out.fresh = std::move(fresh);
  out.host = {run_.steps.machine_id, run_.config.groups, run_.abilities};
  out.active = ActiveApps(run_.layout);
  out.of_others = images::ApplicationsOfOthers(all, channel_);
  out.now = run_.Now();
  out.clock_offset = run_.clock_offset;
  return out;
}

void ChannelPull::Follow(const Action& action) {
  switch (action.kind) {
    case ActionKind::kNothing:
      if (action.result == ChannelResult::kRolledBack) {
        TellFailedBefore(action.why);
        return;
      }
      RecordApplied(action);
      if (action.programs) {
        TakePrograms();
      }
      return;
    case ActionKind::kWait:
      report_.starts = action.until;
      return;
    case ActionKind::kHeld:
      return;
    case ActionKind::kStale:
      Tell(images::kUntrusted, action.why);
      return;
    case ActionKind::kRefuse:
      base::Fail(base::ExitCode::kFailed, "{}", action.why);
    case ActionKind::kApply:
      Apply(action);
  }
}

void ChannelPull::Apply(const Action& action) {
  SetToApply set{channel_, head().SetDigest(), action.set, action.remove};
  if (const std::optional<Outcome> failure = RecordedFailure(run_.layout, set)) {
    RecordFailure(*failure);
    return;
  }
  const uint64_t generation = StageSet(run_, set, report_.fetched);
  RequireNotKept(run_.layout, channel_, generation, run_.Now());  // none was when it was decided
  ActivationEnd end;
  if (generation != ActiveGeneration(run_.layout)) {
    end = run_.steps.activate(generation, ByOf(channel_), ActivationIdOf(set, generation));
    activated_ = true;
  }
  TellEnd(action, set, end);
}

void ChannelPull::TellEnd(const Action& action, const SetToApply& set, const ActivationEnd& end) {
  const auto code = static_cast<base::ExitCode>(end.exit_code);
  if (IsActive(run_.layout, set)) {
    RecordApplied(action);
    report_.result = action.pinned.empty() ? ChannelResult::kActive : ChannelResult::kOverridden;
    Tell(code, end.why);
    TakePrograms();
  } else if (const std::optional<Outcome> failure = RecordedFailure(run_.layout, set)) {
    RecordFailure(*failure);
  } else if (code == base::ExitCode::kRolledBack) {
    base::Fail(base::ExitCode::kBusy, "{}: the next poll tries once more", end.why);
  } else if (end.exit_code == 0) {
    base::Fail(base::ExitCode::kBusy,
               "another generation was activated meanwhile: the next poll looks again");
  } else {
    base::Fail(code, "{}", end.why);
  }
}

// What an override keeps stays the channel's to remove.
void ChannelPull::RecordApplied(const Action& action) {
  images::AppliedSet applied{head().version, ActiveGeneration(run_.layout), action.set};
  if (const std::optional<images::AppliedSet>& before = memory().applied) {
    for (const std::string& name : action.pinned) {
      if (const auto found = before->apps.find(name); found != before->apps.end()) {
        applied.apps.insert(*found);
      }
    }
    if (before->version == applied.version && before->apps == applied.apps) {
      return;
    }
  }
  if (applied.generation != kNoGeneration) {
    Update([&](images::HostMemory& memory) { memory.applied = applied; });
  }
}

void ChannelPull::RecordFailure(const Outcome& failure) {
  Update([&](images::HostMemory& memory) { memory.AddFailure(head(), run_.Now()); });
  report_.result = ChannelResult::kRolledBack;
  Tell(static_cast<base::ExitCode>(failure.exit_code), failure.summary);
}

// A host that needed attention does until it is healthy: what else a poll says does not change it.
void ChannelPull::LookAgain() {
  constexpr auto kAttention = static_cast<uint64_t>(base::ExitCode::kNeedsAttention);
  if (activated_ || before_.exit_code != kAttention || report_.exit_code == kAttention) {
    return;
  }
  try {
    run_.steps.require_healthy();
  } catch (const base::Error& error) {
    if (IsOwnInterrupt(error)) {
      throw;
    }
    if (error.code() == base::ExitCode::kNeedsAttention) {
      Tell(error.code(), error.what());
    }
  }
}

// They matter less than the set: what fails is told where nothing else is wrong.
void ChannelPull::TakePrograms() {
  try {
    InstallPrograms(run_, head());
  } catch (const base::Error& error) {
    if (IsOwnInterrupt(error)) {
      throw;
    }
    if (report_.exit_code == 0) {
      Tell(CodeOf(error), error.what());
    }
  }
}

}  // namespace

images::ChannelReport PullChannel(PullRun& run, const std::string& channel,
                                  const images::ChannelReport& before) {
  return ChannelPull(run, channel, before).Run();
}

}  // namespace activator
