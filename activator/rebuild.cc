#include "activator/rebuild.h"

#include "base/error.h"
#include "chunker/delta.h"

namespace activator {
namespace {

constexpr uint64_t kKeptBytes = 8 << 20;       // neighbouring deltas refer to the same content
constexpr size_t kMaxEncoderBytes = 40 << 20;  // level 15 takes 33 MiB

}  // namespace

bool CanEncode(const chunker::Codec& codec) {
  try {
    return chunker::LibraryVersion(codec.name) == codec.library_version &&
           chunker::EncoderBytes(codec) <= kMaxEncoderBytes;
  } catch (const base::Error&) {
    return false;
  }
}

Rebuilder::Rebuilder(const chunker::Codec& codec, const std::vector<HeldImage>& versions)
    : encoder_(chunker::MakeFrameEncoder(codec)), versions_(versions) {}

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
        out.insert(out.end(), content.begin(), content.end());
      } catch (const base::Error&) {  // damaged
        return std::nullopt;
      }
      if (out.size() > pusher::kMaxDeltaPrefixBytes) {
        return std::nullopt;
      }
    }
  }
  return out;
}

std::vector<std::vector<uint8_t>> Rebuilder::Rebuild(const pusher::DeltaMessage& message) {
  const auto prefix = PrefixOf(message);
  if (!prefix) {
    return {};
  }
  const auto content = chunker::DecodeDelta(message.delta, *prefix, message.content_bytes());
  if (!content) {
    return {};
  }
  std::vector<std::vector<uint8_t>> out;
  std::span<const uint8_t> rest = *content;
  for (const pusher::ChunkRecipe& recipe : message.chunks) {
    const std::span<const uint8_t> own = rest.first(recipe.content_bytes);
    rest = rest.subspan(recipe.content_bytes);
    if (recipe.flush_points.empty()) {
      out.emplace_back(own.begin(), own.end());
    } else {
      out.push_back(chunker::AlignedToBlocks(encoder_->EncodeUpToLast(own, recipe.flush_points)));
    }
  }
  return out;
}

}  // namespace activator
