// One file of this machine on its way into a store, to a key that only ever has this content.
#ifndef SLIPWAY_PUSHER_PUBLISH_FILE_UPLOAD_H_
#define SLIPWAY_PUSHER_PUBLISH_FILE_UPLOAD_H_

#include <cstdint>
#include <string>

#include "base/digest.h"
#include "base/io.h"
#include "store/store.h"

namespace pusher {

struct UploadCounts {
  uint64_t objects = 0;  // that were put
  uint64_t bytes = 0;
  uint64_t already_there = 0;  // objects
};

void CountPut(uint64_t bytes, UploadCounts& counts);

inline constexpr store::PutOptions kNeverChanges{store::Caching::kImmutable, false};

struct FileUpload {
  std::string key;
  std::string path;
  uint64_t size_bytes = 0;
  base::Sha256 sha256;
  std::string title;     // for the progress
  std::string if_other;  // what is wrong where the file has other content, behind its path

  // Puts it unless it is there. Throws Error{kVerification} where the file, or what is there, is
  // another one.
  void Put(store::Store& store, UploadCounts& counts, const base::Io& io) const;
  // The same without putting anything.
  void Plan(store::Store& store, UploadCounts& counts) const;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_FILE_UPLOAD_H_
