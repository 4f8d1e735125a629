// How a store is named: docs/formats/store.md.
//   /folder  ./folder  file:///folder          a folder
//   https://HOST[:PORT][/PATH]                 read only; http:// likewise
//   s3://BUCKET[/PREFIX][?region=R]            a bucket of the endpoint that is configured
//   s3+https://HOST[:PORT]/BUCKET[/PREFIX][?region=R]     a bucket there; s3+http:// likewise
#ifndef SLIPWAY_STORE_LOCATION_H_
#define SLIPWAY_STORE_LOCATION_H_

#include <string>

namespace store {

enum class Kind { kFolder, kWeb, kS3 };

struct Location {
  Kind kind = Kind::kFolder;
  std::string folder;  // absolute
  std::string server;  // "https://HOST[:PORT]"; of s3:// without a configured endpoint: empty
  std::string bucket;
  std::string path;  // of the objects' keys below the server or bucket: "a/b", or empty
  std::string region;
};

// Throws Error{kUsage}, which never repeats a text that may hold a password.
Location ParseLocation(const std::string& text);

// "https://HOST[:PORT]", as an endpoint is configured; throws Error{kUsage}, naming `what`.
std::string ParseServer(const std::string& text, const std::string& what);

}  // namespace store

#endif  // SLIPWAY_STORE_LOCATION_H_
