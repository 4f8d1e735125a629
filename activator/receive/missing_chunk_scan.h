// Finds which chunks of an offered image are on this host, by the indexes of the held versions, and
// the room that the image needs. Changes nothing; an Assembly then asks for the same chunks.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_MISSING_CHUNK_SCAN_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_MISSING_CHUNK_SCAN_H_

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "activator/state/held_versions.h"
#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/keep_alive.h"

namespace activator {

class MissingChunkScan {
 public:
  // All must outlive the object.
  MissingChunkScan(const images::HostLayout& layout, const std::vector<HeldVersion>& held,
                   pusher::KeepAlive& alive);

  // Which of the image's chunks would have to be sent after the images of the calls before.
  std::vector<bool> Missing(const images::StoredManifest& image, const pusher::ChunkList& chunks);
  // Of all images so far, while they are assembled: what is not shared with older versions.
  uint64_t needed_bytes() const { return needed_bytes_; }

 private:
  bool IsHeldWhole(const images::StoredManifest& image) const;
  std::string OwnPlaceOf(const images::StoredManifest& image) const;
  uint64_t BytesNotShared(const pusher::ChunkList& chunks, const std::vector<bool>& missing) const;
  // Returns what of the image is not allocated there.
  uint64_t LookInIncoming(const images::StoredManifest& image, const pusher::ChunkList& chunks,
                          std::vector<bool>& missing) const;
  void LookInOwnPlace(const images::StoredManifest& image, const pusher::ChunkList& chunks,
                      std::vector<bool>& missing) const;
  void LookInHeld(const HeldVersion& held, const pusher::ChunkList& chunks,
                  std::vector<bool>& missing);

  const images::HostLayout& layout_;
  const std::vector<HeldVersion>& held_;
  pusher::KeepAlive& alive_;
  const bool can_share_;                         // blocks, in the root
  std::unordered_set<chunker::ChunkId> coming_;  // chunks of the images before
  uint64_t needed_bytes_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_MISSING_CHUNK_SCAN_H_
