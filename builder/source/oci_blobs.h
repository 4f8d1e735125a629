// Opens the files of an OCI layout, or of an archive of `docker save`, by their names.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_BLOBS_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_BLOBS_H_

#include <map>
#include <optional>
#include <string>

namespace builder {

class OciBlobs {
 public:
  // `path`: a directory, or a tar archive that is unpacked below `folder`.
  OciBlobs(const std::string& path, const std::string& folder);

  // Where "index.json" is on this machine; nullopt where there is none.
  std::optional<std::string> Find(const std::string& name) const;
  // The same; throws Error{kFailed} where there is none.
  std::string Get(const std::string& name) const;
  // The blob of "sha256:HEX". Throws Error{kVerification} where its content is another one.
  std::string GetByDigest(const std::string& digest) const;
  bool HasDigest(const std::string& digest) const;

  const std::string& path() const { return path_; }

 private:
  void Unpack(const std::string& folder);
  std::string NameOf(const std::string& digest) const;

  std::string path_;
  bool is_directory_;
  std::map<std::string, std::string> files_;  // of an archive: name -> file
  std::map<std::string, std::string> links_;  // of an archive: name -> name
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_BLOBS_H_
