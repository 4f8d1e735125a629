#include "pusher/delta_sender.h"

#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "chunker/chunk_content.h"

namespace pusher {
namespace {

// Twice the CPU of level 12 is 2% less; half as many neighbours cost half as much again.
constexpr int kDeltaLevel = 9;
constexpr uint64_t kTogetherBytes = 1 << 20;

// As it stands here; nullopt where we do not have it, or not whole.
std::optional<images::ImageDirectory> FindHere(const HeldImage& held, const std::string& images) {
  const std::string path =
      images + "/" + held.name + "/" + images::ImageId::Of(held.manifest_sha256).text();
  try {
    images::ImageDirectory found(path);
    return found.stored().digest == held.manifest_sha256 ? std::optional(std::move(found))
                                                         : std::nullopt;
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

uint64_t SharedBytes(const images::ImageDirectory& one,
                     const std::unordered_set<chunker::ChunkId>& chunks) {
  uint64_t out = 0;
  const chunker::ChunkIndex index = one.ReadIndex();
  for (const chunker::Chunk& chunk : index.chunks()) {
    out += chunks.contains(chunk.id) ? chunk.size_bytes : 0;
  }
  return out;
}

}  // namespace

std::optional<Basis> FindBasis(const Hello& hello, const images::ImageDirectory& image) {
  const std::string images = base::ParentOf(base::ParentOf(base::RealPath(image.path())));
  std::unordered_set<chunker::ChunkId> chunks;
  const chunker::ChunkIndex index = image.ReadIndex();
  for (const chunker::Chunk& chunk : index.chunks()) {
    chunks.insert(chunk.id);
  }
  std::optional<Basis> best;
  std::pair<bool, uint64_t> best_rank;  // of the same name, shared bytes
  for (size_t i = 0; i < hello.held.size(); ++i) {
    std::optional<images::ImageDirectory> found = FindHere(hello.held[i], images);
    if (!found || found->manifest().image.codec.name != image.manifest().image.codec.name) {
      continue;
    }
    try {
      const std::pair rank{hello.held[i].name == image.manifest().name,
                           SharedBytes(*found, chunks)};
      const bool related = rank.first || rank.second > 0;
      if (related && (!best || rank > best_rank)) {
        best.emplace(Basis{i, *std::move(found)});
        best_rank = rank;
      }
    } catch (const base::Error&) {  // its index is damaged
    }
  }
  return best;
}

DeltaSender::DeltaSender(const Basis& basis, const images::ChunkReader& image,
                         const ChunkList& chunks)
    : version_(basis.version),
      basis_(basis.image),
      image_(image),
      chunks_(chunks),
      finder_(basis_, chunks),
      encoder_(kDeltaLevel) {}

std::optional<DeltaMessage> DeltaSender::Make(size_t first, const std::vector<bool>& missing,
                                              size_t& count) {
  DeltaMessage out;
  out.first_chunk = first;
  std::vector<std::vector<uint8_t>> contents;
  std::vector<uint8_t> together;
  uint64_t stored_bytes = 0;
  for (size_t number = first;
       number < chunks_.size() && missing[number] && together.size() < kTogetherBytes; ++number) {
    const chunker::Chunk chunk = chunks_[number].first();
    chunker::ChunkContent content = image_.ReadContent(chunk);
    ChunkRecipe& recipe = out.chunks.emplace_back();
    recipe.content_bytes = content.bytes.size();
    if (content.framed) {
      recipe.flush_points = chunker::FlushPointsOf(content);
    }
    together.insert(together.end(), content.bytes.begin(), content.bytes.end());
    contents.push_back(std::move(content.bytes));
    stored_bytes += chunk.size_bytes;
  }
  count = contents.size();
  std::vector<uint8_t> prefix;
  for (const ReferenceSlice& slice : finder_.Find(first, contents)) {
    out.references.push_back({version_, slice.first, slice.count});
    for (size_t entry = slice.first; entry < slice.first + slice.count; ++entry) {
      const chunker::ChunkContent old = basis_.ReadContent(basis_.index().chunks()[entry]);
      prefix.insert(prefix.end(), old.bytes.begin(), old.bytes.end());
    }
  }
  out.delta = encoder_.Encode(together, prefix);
  const size_t payload_bytes = out.Serialize().size();
  const bool pays = payload_bytes < stored_bytes && payload_bytes <= kMaxPayloadBytes;
  return pays ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace pusher
