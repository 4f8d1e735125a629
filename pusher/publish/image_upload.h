// One built image on its way into a store: what is checked of it first, and which objects it is.
#ifndef SLIPWAY_PUSHER_PUBLISH_IMAGE_UPLOAD_H_
#define SLIPWAY_PUSHER_PUBLISH_IMAGE_UPLOAD_H_

#include <string>
#include <vector>

#include "base/io.h"
#include "images/channel/channel_head.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"
#include "pusher/publish/file_upload.h"
#include "store/store.h"

namespace pusher {

class ImageUpload {
 public:
  // Throws Error{kVerification} where it is not signed, is signed as something else, or its texts
  // do not belong to it. Its content is read once it is put.
  explicit ImageUpload(images::ImageDirectory image);

  const images::ImageDirectory& image() const { return image_; }
  const std::string& name() const { return image_.manifest().name; }
  images::AppVariant variant() const;
  // What must be in the store once it is published; without its deltas.
  std::vector<std::string> Keys() const;

  // Puts what is not there. Says on `io` what it leaves alone.
  void Put(store::Store& store, UploadCounts& counts, const base::Io& io) const;
  // The same without putting anything.
  void Plan(store::Store& store, UploadCounts& counts) const;

 private:
  std::string Key(const char* file) const;
  void PutText(store::Store& store, const char* file, const std::string& text,
               UploadCounts& counts) const;
  void PutImage(store::Store& store, UploadCounts& counts, const base::Io& io) const;
  bool AdoptProvenance(store::Store& store, UploadCounts& counts, const base::Io& io) const;
  void PutRelease(store::Store& store, UploadCounts& counts, const base::Io& io) const;

  images::ImageDirectory image_;
  std::string index_;
  std::string provenance_;  // empty: none
  std::string release_;
  images::Statement statement_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_IMAGE_UPLOAD_H_
