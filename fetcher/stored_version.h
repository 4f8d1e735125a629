// A version in a store: what its texts say, checked by their digests before anything is made of
// them.
#ifndef SLIPWAY_FETCHER_STORED_VERSION_H_
#define SLIPWAY_FETCHER_STORED_VERSION_H_

#include <optional>
#include <string>

#include "images/name.h"
#include "images/release/release.h"
#include "pusher/protocol/chunk_list.h"
#include "pusher/protocol/image_metadata.h"
#include "pusher/protocol/protocol.h"
#include "store/store.h"

namespace fetcher {

struct StoredTexts {
  std::string release;            // empty: there is none
  pusher::PackedMetadata packed;  // as they are
  pusher::ChunkList chunks;
};

class StoredVersion {
 public:
  // `store` must outlive the object.
  StoredVersion(store::Store& store, const pusher::VersionDigest& version);

  // Empty: there is none. Throws Error{kVerification} where it is of something else; who signed it
  // is for the host to find.
  std::string FetchRelease() const;
  // All at once, the release too. Throws Error{kVerification} where one is not what its digest
  // says, Error{kFailed} where one is missing.
  StoredTexts FetchTexts() const;
  std::string KeyOfImage() const;

 private:
  std::string KeyOf(const char* file) const;
  std::string WhereIs(const char* file) const;
  // Of a release; nullopt: there is none. Throws where it is not of this version.
  std::optional<images::Statement> StatementIn(const store::Object& release) const;
  std::string Required(store::Object object, const char* file) const;

  store::Store& store_;
  const pusher::VersionDigest version_;
  const images::ImageId id_;
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_STORED_VERSION_H_
