#include "pusher/publish/publisher.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "images/channel/object_key.h"
#include "images/channel/prune.h"
#include "store/retry.h"

namespace pusher {
namespace {

using images::ChannelHead;
using images::TimePoint;

constexpr int kMostRounds = 20;
constexpr std::chrono::seconds kLookAgain(2);
constexpr const char* kNeededFiles[] = {images::kManifestFile, images::kIndexFile,
                                        images::kImageFile};

// What no host can do without.
std::set<std::string> NeededKeys(const ChannelHead& head) {
  std::set<std::string> out;
  for (const auto& [name, variants] : head.apps) {
    for (const images::AppVariant& variant : variants) {
      for (const char* file : kNeededFiles) {
        out.insert(images::ImageFileKey(name, images::ImageId::Of(variant.manifest_sha256), file));
      }
    }
  }
  for (const auto& [architecture, program] : head.agent) {
    out.insert(images::AgentKey(program.sha256));
  }
  for (const auto& [architecture, program] : head.fetch) {
    out.insert(images::FetchKey(program.sha256));
  }
  return out;
}

std::string HowToRestore(const std::string& key) {
  const auto parsed = images::ObjectKey::Parse(key);
  return parsed && !parsed->name.empty()
             ? fmt::format("publish {} too", parsed->name)
             : "type imgpush channel set with --programs, or with --no-programs";
}

}  // namespace

Publisher::Publisher(ChannelObjects& objects, Signer signer, const base::Io& io,
                     PublishPatience patience)
    : objects_(objects), signer_(std::move(signer)), io_(io), patience_(patience) {}

// Of a channel whose head was lost, the last version: a new channel of that name would begin at 1,
// which its hosts would refuse.
std::optional<StoredHead> Publisher::CurrentHead(const std::string& channel) {
  std::optional<StoredHead> current = objects_.ReadHead(channel);
  if (!current) {
    const std::vector<uint64_t> copies = objects_.CopiesOf(channel);
    if (!copies.empty()) {
      const auto copy = objects_.ReadNewCopy(channel, copies.back());
      if (copy) {
        SwapTo(std::nullopt, *copy);
        result_.repaired = copies.back();
      }
      current = objects_.ReadHead(channel);
    }
  }
  return Repaired(channel, std::move(current));
}

// A version above the head's: its publisher was killed, or is about to swap the head itself.
std::optional<StoredHead> Publisher::Repaired(const std::string& channel,
                                              std::optional<StoredHead> current) {
  while (current && current->head().version < images::kMaxChannelVersion) {
    const auto copy = objects_.ReadNewCopy(channel, current->head().version + 1);
    if (!copy) {
      break;
    }
    SwapTo(current, *copy);
    result_.repaired = copy->head.version;
    current = objects_.ReadHead(channel);
  }
  return current;
}

// What CurrentHead() would make of it, for a plan: without a version of the object where that does
// not have it yet.
std::optional<StoredHead> Publisher::HeadToBe(const std::string& channel) {
  std::optional<StoredHead> out = objects_.ReadHead(channel);
  if (!out) {
    const std::vector<uint64_t> copies = objects_.CopiesOf(channel);
    auto copy = copies.empty() ? std::nullopt : objects_.ReadNewCopy(channel, copies.back());
    return copy ? std::optional(StoredHead{*std::move(copy), ""}) : std::nullopt;
  }
  while (out->head().version < images::kMaxChannelVersion) {
    auto copy = objects_.ReadNewCopy(channel, out->head().version + 1);
    if (!copy) {
      break;
    }
    out = StoredHead{*std::move(copy), ""};
  }
  return out;
}

std::optional<ChannelHead> Publisher::NextHead(const ChannelChange& change,
                                               const std::optional<StoredHead>& current) const {
  std::optional<ChannelHead> out =
      change.edit(current ? &current->head() : nullptr, objects_.Now());
  if (!out) {
    return std::nullopt;
  }
  out->channel = change.channel;
  out->version = current ? current->head().version + 1 : 1;
  try {
    return ChannelHead::ParseLine(out->Serialize(), "the new head");  // within all bounds
  } catch (const base::Error& error) {
    throw base::Error(base::ExitCode::kUsage, error.what());
  }
}

// When prune.json was read, after which nothing of `keys` is deleted for as long as
// MayStillPublish(). nullopt: some were being deleted, and may be gone.
std::optional<TimePoint> Publisher::Claim(const std::set<std::string>& keys) {
  const auto end = std::chrono::steady_clock::now() + patience_.prune;
  LostSwaps lost(objects_.store().location() + "/" + images::kPruneKey, patience_.swaps);
  for (bool waited = false;;) {
    const TimePoint read = objects_.Now();
    const StoredRecord there = objects_.ReadPruneRecord();
    const images::Claim claim = images::ClaimKeys(there.record, keys);
    if (!claim.waits) {
      if (!claim.next || objects_.SwapPruneRecord(there, *claim.next)) {
        return waited ? std::nullopt : std::optional(read);
      }
      lost.Wait();  // it has changed meanwhile
      continue;
    }
    if (std::chrono::steady_clock::now() >= end) {
      base::Fail(base::ExitCode::kBusy,
                 "a prune that began at {} deletes what is to be published: try again later; if it "
                 "was killed, imgpush channel prune finishes it from {} on",
                 base::ToIso8601(there.record.deletion->since),
                 base::ToIso8601(there.record.deletion->since + images::kTakeOverAfter));
    }
    if (!std::exchange(waited, true)) {
      io_.Err("imgpush: waiting for a prune that deletes what is to be published\n");
    }
    store::SleepUnlessInterrupted(kLookAgain);
  }
}

// false: something that this command has put is gone again.
bool Publisher::AreThere(const ChannelChange& change, const ChannelHead& head) {
  std::set<std::string> own;
  for (const ImageUpload& image : change.images) {
    for (const std::string& key : image.Keys()) {
      own.insert(key);
      if (!objects_.store().Exists(key)) {
        return false;
      }
    }
  }
  for (const FileUpload& program : change.programs) {
    own.insert(program.key);
    if (!objects_.store().Exists(program.key)) {
      return false;
    }
  }
  for (const std::string& key : NeededKeys(head)) {
    if (!own.contains(key) && !objects_.store().Exists(key)) {
      base::Fail(base::ExitCode::kVerification, "{}/{} is missing, and channel {} needs it: {}",
                 objects_.store().location(), key, head.channel, HowToRestore(key));
    }
  }
  return true;
}

// Of a head that may lose to that of another publisher, who has at least this version in its
// history.
void Publisher::SwapTo(std::optional<StoredHead> current, const images::SignedHead& next) {
  const std::string& channel = next.head.channel;
  for (int round = 0; round < kMostRounds; ++round) {
    if (current && current->head().version >= next.head.version) {
      return;
    }
    if (objects_.SwapHead(channel, current, next.Serialize())) {
      return;
    }
    current = objects_.ReadHead(channel);
  }
  base::Fail(base::ExitCode::kBusy, "the head of channel {} changes all the time: try again",
             channel);
}

// false: another publisher has this version, or it took too long.
bool Publisher::Commit(const std::optional<StoredHead>& current, const images::SignedHead& next,
                       TimePoint claimed) {
  const ChannelHead& head = next.head;
  if (!images::MayStillPublish(claimed, objects_.Now())) {
    return false;
  }
  base::ThrowIfInterrupted();
  if (!objects_.store().PutIfAbsent(images::HeadCopyKey(head.channel, head.version),
                                    store::Content::Text(next.Serialize()),
                                    {store::Caching::kImmutable, false})) {
    return false;
  }
  try {  // whoever publishes next does it, if we do not
    SwapTo(current, next);
  } catch (base::Error& error) {
    error.AddContext(
        fmt::format("{} is in the store, but not yet the channel's head: type the command again",
                    head.Subject()));
    throw;
  }
  return true;
}

void Publisher::CheckPublished(const ChannelHead& head) {
  const std::optional<StoredHead> there = objects_.ReadHead(head.channel);
  if (!there || there->head().version < head.version) {
    base::Fail(base::ExitCode::kVerification,
               "{} was published, and is not the channel's head: does the store keep what is "
               "written?",
               head.Subject());
  }
  for (const std::string& key : NeededKeys(head)) {
    if (!objects_.store().Exists(key)) {
      base::Fail(base::ExitCode::kVerification,
                 "{} names {}, which is gone from {}: publish it again", head.Subject(), key,
                 objects_.store().location());
    }
  }
}

bool Publisher::PublishOnce(const ChannelChange& change) {
  const std::optional<StoredHead> current = CurrentHead(change.channel);
  const std::optional<ChannelHead> next = NextHead(change, current);
  const ChannelHead& wanted = next ? *next : current->head();
  UploadCounts counts;
  for (const ImageUpload& image : change.images) {
    image.Put(objects_.store(), counts, io_);
  }
  for (const FileUpload& program : change.programs) {
    program.Put(objects_.store(), counts, io_);
  }
  result_.counts.objects += counts.objects;
  result_.counts.bytes += counts.bytes;
  if (result_.rounds == 1) {  // later, what this command has put is there
    result_.counts.already_there = counts.already_there;
  }
  std::set<std::string> keys = images::KeysOf(wanted);
  if (change.put_more) {
    keys.merge(change.put_more(current));
  }
  const std::optional<TimePoint> claimed = Claim(keys);
  if (!claimed || !AreThere(change, wanted)) {
    return false;
  }
  if (next && !Commit(current, signer_(*next), *claimed)) {
    return false;
  }
  CheckPublished(wanted);
  result_.head = wanted;
  result_.changed = next.has_value();
  return true;
}

PublishResult Publisher::Publish(const ChannelChange& change) {
  result_ = {};
  for (int round = 1; round <= kMostRounds; ++round) {
    base::ThrowIfInterrupted();
    result_.rounds = static_cast<uint64_t>(round);
    if (PublishOnce(change)) {
      return result_;
    }
  }
  base::Fail(base::ExitCode::kBusy, "others publish to channel {} all the time: try again later",
             change.channel);
}

PublishPlan Publisher::Plan(const ChannelChange& change) {
  PublishPlan out;
  out.current = HeadToBe(change.channel);
  out.next = NextHead(change, out.current);
  for (const ImageUpload& image : change.images) {
    image.Plan(objects_.store(), out.counts);
  }
  for (const FileUpload& program : change.programs) {
    program.Plan(objects_.store(), out.counts);
  }
  return out;
}

}  // namespace pusher
