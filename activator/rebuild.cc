#include "activator/rebuild.h"

#include "base/error.h"
#include "chunker/delta.h"

namespace activator {
namespace {

constexpr uint64_t kKeptBytes = 8 << 20;       // neighbouring deltas refer to the same content
constexpr size_t kMaxEncoderBytes = 40 << 20;  // of levels up to 19 none takes more

}  // namespace

std::unique_ptr<Rebuilder> Rebuilder::Make(const chunker::Codec& codec,
                                           const std::vector<HeldImage>& versions) {
  try {
    if (chunker::LibraryVersion(codec.name) != codec.library_version ||
        chunker::EncoderBytes(codec) > kMaxEncoderBytes) {
      return nullptr;
    }
    return std::unique_ptr<Rebuilder>(new Rebuilder(chunker::MakeFrameEncoder(codec), versions));
  } catch (const base::Error&) {  // parameters that the codec does not have
    return nullptr;
  }
}

Rebuilder::Rebuilder(std::unique_ptr<chunker::FrameEncoder> encoder,
                     const std::vector<HeldImage>& versions)
    : encoder_(std::move(encoder)), versions_(versions) {}

const images::ChunkReader* Rebuilder::VersionOf(uint64_t number) {
  if (number >= versions_.size()) {
    return nullptr;
  }
  const auto [found, added] = open_.try_emplace(number);
  if (added) {
    try {
      found->second =
          std::make_unique<images::ChunkReader>(images::ImageDirectory(versions_[number].path));
    } catch (const base::Error&) {  // gone or damaged since the greeting
    }
  }
  return found->second.get();
}

const std::vector<uint8_t>& Rebuilder::ContentOf(const images::ChunkReader& version,
                                                 const Key& key) {
  if (const auto found = kept_at_.find(key); found != kept_at_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    return kept_.front().content;
  }
  kept_.push_front({key, version.ReadContent(version.index().chunks()[key.second]).bytes});
  kept_at_[key] = kept_.begin();
  kept_bytes_ += kept_.front().content.size();
  while (kept_bytes_ > kKeptBytes && kept_.size() > 1) {
    kept_bytes_ -= kept_.back().content.size();
    kept_at_.erase(kept_.back().key);
    kept_.pop_back();
  }
  return kept_.front().content;
}

std::optional<std::vector<uint8_t>> Rebuilder::PrefixOf(const pusher::DeltaMessage& message) {
  std::vector<uint8_t> out;
  out.reserve(pusher::kMaxDeltaPrefixBytes);
  for (const pusher::Reference& reference : message.references) {
    const images::ChunkReader* const version = VersionOf(reference.version);
    if (version == nullptr || reference.count > version->index().chunks().size() ||
        reference.first > version->index().chunks().size() - reference.count) {
      return std::nullopt;
    }
    for (uint64_t i = 0; i < reference.count; ++i) {
      try {
        const std::vector<uint8_t>& content =
            ContentOf(*version, {reference.version, reference.first + i});
        if (content.size() > pusher::kMaxDeltaPrefixBytes - out.size()) {
          return std::nullopt;
        }
        out.insert(out.end(), content.begin(), content.end());
      } catch (const base::Error&) {  // damaged
        return std::nullopt;
      }
    }
  }
  return out;
}

std::optional<std::vector<uint8_t>> Rebuilder::FrameOf(std::span<const uint8_t> content,
                                                       const pusher::ChunkRecipe& recipe) {
  try {
    return encoder_->EncodeUpToLast(content, recipe.flush_points);
  } catch (const base::Error&) {  // no frame can be flushed so often
    return std::nullopt;
  }
}

void Rebuilder::Rebuild(const pusher::DeltaMessage& message, const Use& use) {
  const auto prefix = PrefixOf(message);
  const auto content =
      prefix ? chunker::DecodeDelta(message.delta, *prefix, message.content_bytes()) : std::nullopt;
  if (!content) {
    return;
  }
  std::span<const uint8_t> rest = *content;
  for (size_t i = 0; i < message.chunks.size(); ++i) {
    const pusher::ChunkRecipe& recipe = message.chunks[i];
    const std::span<const uint8_t> own = rest.first(recipe.content_bytes);
    rest = rest.subspan(recipe.content_bytes);
    if (recipe.flush_points.empty()) {
      use(i, {own.begin(), own.end()});
    } else if (const auto frame = FrameOf(own, recipe)) {
      use(i, chunker::AlignedToBlocks(*frame));
    }
  }
}

}  // namespace activator
