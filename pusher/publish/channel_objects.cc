#include "pusher/publish/channel_objects.h"

#include <set>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "images/channel/object_key.h"

namespace pusher {
namespace {

constexpr store::PutOptions kChanges{store::Caching::kNoCache, false};

}  // namespace

ChannelObjects::ChannelObjects(store::Store& store, HeadJudge judge)
    : store_(store), judge_(std::move(judge)) {}

images::TimePoint ChannelObjects::Now() const {
  return std::chrono::floor<std::chrono::seconds>(base::SystemClock().Now()) +
         std::chrono::seconds(store_.traffic().clock_offset_seconds.value_or(0));
}

images::SignedHead ChannelObjects::Judged(const store::Object& object, const std::string& key,
                                          const std::string& channel,
                                          std::optional<images::TimePoint> at) const {
  images::SignedHead out = images::SignedHead::Parse(object.body, Where(key));
  if (out.head.channel != channel) {
    base::Fail(base::ExitCode::kVerification, "{}: it is the head of channel {}", Where(key),
               out.head.channel);
  }
  judge_(out, at.value_or(out.head.created), Where(key));
  return out;
}

std::optional<StoredHead> ChannelObjects::ReadHead(const std::string& channel) {
  const std::string key = images::HeadKey(channel);
  const store::Object object = store_.Get(key, images::kMaxHeadBytes);
  if (object.state != store::State::kHere) {
    return std::nullopt;
  }
  return StoredHead{Judged(object, key, channel, Now()), object.version};
}

std::optional<images::SignedHead> ChannelObjects::ReadCopyAt(const std::string& channel,
                                                             uint64_t version,
                                                             std::optional<images::TimePoint> at) {
  const std::string key = images::HeadCopyKey(channel, version);
  const store::Object object = store_.Get(key, images::kMaxHeadBytes);
  if (object.state != store::State::kHere) {
    return std::nullopt;
  }
  images::SignedHead out = Judged(object, key, channel, at);
  if (out.head.version != version) {
    base::Fail(base::ExitCode::kVerification, "{}: it is version {}", Where(key), out.head.version);
  }
  return out;
}

std::optional<images::SignedHead> ChannelObjects::ReadCopy(const std::string& channel,
                                                           uint64_t version) {
  return ReadCopyAt(channel, version, std::nullopt);
}

std::optional<images::SignedHead> ChannelObjects::ReadNewCopy(const std::string& channel,
                                                              uint64_t version) {
  return ReadCopyAt(channel, version, Now());
}

std::vector<uint64_t> ChannelObjects::CopiesOf(const std::string& channel) {
  std::vector<uint64_t> out;  // eight digits each: sorted by key is sorted by number
  for (const store::Listed& listed :
       store_.List(fmt::format("{}{}/", images::kChannelsPrefix, channel))) {
    const auto key = images::ObjectKey::Parse(listed.key);
    if (key && key->kind == images::ObjectKind::kHeadCopy && key->name == channel) {
      out.push_back(key->version);
    }
  }
  return out;
}

std::vector<std::string> ChannelObjects::Channels() {
  std::set<std::string> out;
  for (const store::Listed& listed : store_.List(images::kChannelsPrefix)) {
    if (const auto key = images::ObjectKey::Parse(listed.key)) {
      out.insert(key->name);
    }
  }
  return {out.begin(), out.end()};
}

bool ChannelObjects::SwapHead(const std::string& channel, const std::optional<StoredHead>& before,
                              const std::string& text) {
  const std::string key = images::HeadKey(channel);
  const store::Content content = store::Content::Text(text);
  return before ? store_.CompareAndSwap(key, before->version, content, kChanges).has_value()
                : store_.PutIfAbsent(key, content, kChanges).has_value();
}

StoredRecord ChannelObjects::ReadPruneRecord() {
  const store::Object object = store_.Get(images::kPruneKey, images::kMaxPruneBytes);
  if (object.state == store::State::kHidden) {  // one that is there would count
    base::Fail(base::ExitCode::kFailed, "{} may not be read: let this key list the bucket",
               Where(images::kPruneKey));
  }
  if (object.state != store::State::kHere) {
    return {};
  }
  return {images::PruneRecord::Parse(object.body, Where(images::kPruneKey)), object.version};
}

bool ChannelObjects::SwapPruneRecord(const StoredRecord& before, const images::PruneRecord& next) {
  const store::Content content = store::Content::Text(next.Serialize());
  return before.version.empty()
             ? store_.PutIfAbsent(images::kPruneKey, content, kChanges).has_value()
             : store_.CompareAndSwap(images::kPruneKey, before.version, content, kChanges)
                   .has_value();
}

}  // namespace pusher
