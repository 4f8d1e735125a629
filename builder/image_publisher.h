// Publishes a build: a temporary folder below OUTPUT/NAME becomes NAME/ID in one rename, or leaves
// nothing.
#ifndef SLIPWAY_BUILDER_IMAGE_PUBLISHER_H_
#define SLIPWAY_BUILDER_IMAGE_PUBLISHER_H_

#include <memory>
#include <string>

#include "base/file.h"
#include "images/version/manifest.h"

namespace builder {

class ImagePublisher {
 public:
  // Makes the folder, and removes those that killed builds of this image left behind.
  ImagePublisher(const std::string& output, const std::string& name);

  // Where image.erofs, image.caibx and provenance.json are written before Publish().
  const std::string& folder() const { return folder_->path(); }
  // Adds the manifest, publishes all as NAME/ID and points NAME/latest to it; returns NAME/ID's
  // path. Where the same image is there already, that one stays.
  std::string Publish(const images::Manifest& manifest);

 private:
  void PublishUnlessThere(const std::string& path);

  std::string parent_;
  std::unique_ptr<base::TemporaryDirectory> folder_;
  base::UniqueFd lock_;  // held while the build lives: tells its folder from an abandoned one
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_IMAGE_PUBLISHER_H_
