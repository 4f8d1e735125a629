// The recorded deltas of published images, against what hosts of the channel may have.
#ifndef SLIPWAY_PUSHER_PUBLISH_DELTA_PUBLISHER_H_
#define SLIPWAY_PUSHER_PUBLISH_DELTA_PUBLISHER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/io.h"
#include "pusher/delta/image_send_state.h"
#include "pusher/publish/channel_objects.h"
#include "pusher/publish/image_upload.h"

namespace pusher {

// Deltas save bytes, and hosts can do without them: what fails is said, and left out.
class DeltaPublisher {
 public:
  // `objects` must outlive the object. `versions`: of the channel, back from the newest.
  DeltaPublisher(ChannelObjects& objects, uint64_t versions, const base::Io& io);

  // Puts those that are missing, and returns the keys of all. Again: makes none twice.
  std::set<std::string> Put(const std::vector<ImageUpload>& images,
                            const std::optional<StoredHead>& current);
  // The same without making or putting any.
  UploadCounts Plan(const std::vector<ImageUpload>& images,
                    const std::optional<StoredHead>& current);
  uint64_t put() const { return put_; }
  uint64_t put_bytes() const { return put_bytes_; }

 private:
  std::set<base::Sha256> OldVersions(const ImageUpload& image,
                                     const std::optional<StoredHead>& current);
  bool PutOne(const images::ImageDirectory& image, const base::Sha256& old, const std::string& key,
              SendCache& work);
  images::ImageDirectory OldImage(const images::ImageDirectory& image, const base::Sha256& old);
  const std::string& Folder();
  std::optional<images::ChannelHead> OldHead(const std::string& channel, uint64_t version);
  void Fetch(const std::string& key, const std::string& path, uint64_t max_bytes);

  ChannelObjects& objects_;
  const uint64_t versions_;
  const base::Io io_;
  std::optional<base::TemporaryDirectory> folder_;  // once something is recorded
  std::set<std::string> left_out_;                  // keys of those that failed, or are too long
  uint64_t put_ = 0;
  uint64_t put_bytes_ = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_DELTA_PUBLISHER_H_
