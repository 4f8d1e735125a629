#include "activator/receive/delta_decoder.h"

#include <algorithm>

#include "base/error.h"
#include "chunker/copies.h"
#include "chunker/delta.h"

namespace activator {

std::optional<size_t> RebuilderBytes(const chunker::Codec& codec) {
  try {
    if (chunker::LibraryVersion(codec.name) != codec.library_version) {
      return std::nullopt;
    }
    return chunker::EncoderBytes(codec) + kRebuilderBytes;
  } catch (const base::Error&) {  // parameters that the codec does not have
    return std::nullopt;
  }
}

std::optional<std::vector<uint8_t>> DeltaDecoder::OldOf(const pusher::DeltaMessage& message) {
  std::vector<uint8_t> out;
  out.reserve(pusher::kMaxDeltaOldBytes);
  for (const pusher::Reference& reference : message.references) {
    for (uint64_t i = 0; i < reference.count; ++i) {
      const auto content = old_.Get(reference.first + i);
      if (content == nullptr || content->bytes.size() > pusher::kMaxDeltaOldBytes - out.size()) {
        return std::nullopt;
      }
      out.insert(out.end(), content->bytes.begin(), content->bytes.end());
    }
  }
  return out;
}

std::optional<std::vector<uint8_t>> DeltaDecoder::ContentOf(const pusher::DeltaMessage& message) {
  const auto old = OldOf(message);
  if (!old || !std::ranges::all_of(message.copies, [&](const chunker::Copy& copy) {
        return uint64_t{copy.from} + copy.size <= old->size();
      })) {
    return std::nullopt;
  }
  auto out = chunker::DecodeDelta(message.delta, {}, message.content_bytes());
  if (out) {
    chunker::AddCopies(message.copies, *old, *out);
  }
  return out;
}

std::optional<std::vector<uint8_t>> DeltaDecoder::FrameOf(std::span<const uint8_t> content,
                                                          const pusher::ChunkRecipe& recipe) {
  try {
    return encoder_->EncodeUpToLast(content, recipe.flush_points);
  } catch (const base::Error&) {  // no frame can be flushed so often
    return std::nullopt;
  }
}

void DeltaDecoder::Rebuild(const pusher::DeltaMessage& message, const Use& use) {
  const auto content = ContentOf(message);
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
