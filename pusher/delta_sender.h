// The missing chunks of an image as deltas against an old version that the host has and we have
// too.
#ifndef SLIPWAY_PUSHER_DELTA_SENDER_H_
#define SLIPWAY_PUSHER_DELTA_SENDER_H_

#include <memory>
#include <optional>
#include <vector>

#include "chunker/delta.h"
#include "images/chunk_reader.h"
#include "images/image_directory.h"
#include "pusher/chunk_list.h"
#include "pusher/delta_message.h"
#include "pusher/delta_plan.h"
#include "pusher/protocol.h"

namespace pusher {

// A version that the host holds, as we have it beside the image that is pushed.
struct Basis {
  uint64_t version = 0;  // its number in the hello's list
  images::ImageDirectory image;
};

// The version of `image` that shares most with it, among those that the host holds and that stand
// beside it here; an image of another name where there is none and they share something.
std::optional<Basis> FindBasis(const Hello& hello, const images::ImageDirectory& image);

class DeltaSender {
 public:
  // All must outlive the object. Reads all of the basis.
  DeltaSender(const Basis& basis, const images::ChunkReader& image, const ChunkList& chunks);

  // A delta of the missing chunks from number `first` on, neighbours, as many as it pays to send
  // together. nullopt where it is no smaller than they are; `count` is set in both cases.
  std::optional<DeltaMessage> Make(size_t first, const std::vector<bool>& missing, size_t& count);

 private:
  const uint64_t version_;
  const images::ChunkReader basis_;
  const images::ChunkReader& image_;
  const ChunkList& chunks_;
  const ReferenceFinder finder_;
  chunker::DeltaEncoder encoder_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_SENDER_H_
