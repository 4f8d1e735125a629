// What an offered image would find on this host: the chunks that are here, verified, and the room
// that it takes. Changes nothing; an Assembly then finds the same.
#ifndef SLIPWAY_ACTIVATOR_SURVEY_H_
#define SLIPWAY_ACTIVATOR_SURVEY_H_

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "activator/chunk_store.h"
#include "images/host_layout.h"
#include "images/image_directory.h"
#include "pusher/chunk_list.h"
#include "pusher/keep_alive.h"

namespace activator {

class Survey {
 public:
  // All must outlive the object.
  Survey(const images::HostLayout& layout, const std::vector<HeldImage>& held,
         pusher::KeepAlive& alive);

  // Which of the image's chunks would have to be sent after the images of the calls before.
  std::vector<bool> Missing(const images::StoredManifest& image, const pusher::ChunkList& chunks);
  // Of all images so far, while they are assembled.
  uint64_t needed_bytes() const { return needed_bytes_; }

 private:
  bool IsHeldWhole(const images::StoredManifest& image) const;
  void LookInIncoming(const images::StoredManifest& image, const pusher::ChunkList& chunks,
                      std::vector<bool>& missing);
  void LookInHeld(const HeldImage& held, const pusher::ChunkList& chunks,
                  std::vector<bool>& missing);

  const images::HostLayout& layout_;
  const std::vector<HeldImage>& held_;
  pusher::KeepAlive& alive_;
  std::unordered_set<chunker::ChunkId> coming_;  // chunks of the images before
  uint64_t needed_bytes_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SURVEY_H_
