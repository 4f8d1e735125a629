#include "pusher/publish/prune_run.h"

#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "images/channel/object_key.h"

namespace pusher {
namespace {

constexpr size_t kRunBytes = 8;

// All heads and copies that are listed. One that is gone by now is left out, which PlanPrune sees.
images::StoreHeads ReadListedHeads(ChannelObjects& objects, const std::vector<std::string>& keys) {
  images::StoreHeads out;
  for (const std::string& key : keys) {
    const auto parsed = images::ObjectKey::Parse(key);
    if (!parsed) {
      continue;
    }
    if (parsed->kind == images::ObjectKind::kHead) {
      if (const auto head = objects.ReadHead(parsed->name)) {
        out[parsed->name].current = head->head().version;
        out[parsed->name].versions.emplace(head->head().version, head->head());
      }
    } else if (parsed->kind == images::ObjectKind::kHeadCopy) {
      if (const auto copy = objects.ReadCopy(parsed->name, parsed->version)) {
        out[parsed->name].versions.emplace(parsed->version, copy->head);
      }
    }
  }
  return out;
}

// Whoever publishes may change the record, but not take the deletion from this run.
void Finish(ChannelObjects& objects, const std::string& run, const store::RetryPolicy& swaps) {
  for (LostSwaps lost(objects.store().location() + "/" + images::kPruneKey, swaps);; lost.Wait()) {
    base::ThrowIfInterrupted();
    const StoredRecord there = objects.ReadPruneRecord();
    const auto next = images::FinishDeletion(there.record, run);
    if (!next || objects.SwapPruneRecord(there, *next)) {
      return;
    }
  }
}

}  // namespace

PruneResult RunPrune(ChannelObjects& objects, bool plan, const store::RetryPolicy& swaps) {
  const std::string run = base::RandomHex(kRunBytes);
  const StoredRecord there = objects.ReadPruneRecord();
  const images::TimePoint now = objects.Now();
  std::map<std::string, uint64_t> sizes;
  std::vector<std::string> keys;
  for (const store::Listed& listed : objects.store().List("")) {
    sizes[listed.key] = listed.size_bytes;
    keys.push_back(listed.key);
  }
  const images::PruneStep step =
      images::PlanPrune(there.record, keys, ReadListedHeads(objects, keys), now, run);
  if (step.waits) {
    base::Fail(base::ExitCode::kBusy,
               "another prune deletes since {}: try again when it is done; if it was killed, from "
               "{} on",
               base::ToIso8601(there.record.deletion->since),
               base::ToIso8601(there.record.deletion->since + images::kTakeOverAfter));
  }
  if (!plan && step.next != there.record && !objects.SwapPruneRecord(there, step.next)) {
    base::Fail(base::ExitCode::kBusy,
               "somebody published or pruned meanwhile: nothing was deleted, try again");
  }
  PruneResult out;
  out.doomed = step.next.doomed.size();
  for (const std::string& key : step.to_delete) {
    if (!plan) {
      if (!images::MayStillDelete(*step.next.deletion, objects.Now())) {
        out.remaining = step.to_delete.size() - out.deleted.size();
        return out;
      }
      base::ThrowIfInterrupted();
      objects.store().Delete(key);
    }
    out.deleted.push_back(key);
    out.deleted_bytes += sizes[key];
  }
  if (!plan && !step.to_delete.empty()) {
    Finish(objects, run, swaps);
  }
  return out;
}

void CheckPruneEnded(const PruneResult& result) {
  if (result.remaining > 0) {
    base::Fail(
        base::ExitCode::kBusy,
        "the 10 minutes of a prune are over, and {} not removed: a prune in an hour or later "
        "goes on",
        result.remaining == 1 ? "1 object is" : fmt::format("{} objects are", result.remaining));
  }
}

}  // namespace pusher
