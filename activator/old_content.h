// The content of held versions, which deltas refer to: read, verified and decoded, what was asked
// for lately kept, since neighbouring deltas refer to the same. Several threads may ask.
#ifndef SLIPWAY_ACTIVATOR_OLD_CONTENT_H_
#define SLIPWAY_ACTIVATOR_OLD_CONTENT_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "activator/chunk_store.h"
#include "images/chunk_reader.h"

namespace activator {

class OldContent {
 public:
  static constexpr uint64_t kKeptBytes = 8 << 20;
  using Bytes = std::shared_ptr<const std::vector<uint8_t>>;

  // `versions`: what a Reference's number counts; must outlive the object.
  explicit OldContent(const std::vector<HeldImage>& versions) : versions_(versions) {}

  // Entry number `entry` of the version's index; null where it is not here or damaged.
  Bytes Get(uint64_t version, uint64_t entry);

 private:
  using Key = std::pair<uint64_t, uint64_t>;  // version, entry
  struct Kept {
    Key key;
    Bytes content;
  };

  const images::ChunkReader* VersionOf(uint64_t number);
  Bytes Find(const Key& key);
  void Keep(const Key& key, const Bytes& content);

  const std::vector<HeldImage>& versions_;
  std::mutex mutex_;                                                     // for all that follows
  std::map<uint64_t, std::unique_ptr<const images::ChunkReader>> open_;  // null: cannot be read
  std::list<Kept> kept_;                                                 // the latest first
  std::map<Key, std::list<Kept>::iterator> kept_at_;
  uint64_t kept_bytes_ = 0;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OLD_CONTENT_H_
