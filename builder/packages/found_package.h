// A package as a database names it, before it is known which of its files the image has.
#ifndef SLIPWAY_BUILDER_PACKAGES_FOUND_PACKAGE_H_
#define SLIPWAY_BUILDER_PACKAGES_FOUND_PACKAGE_H_

#include <string>
#include <vector>

#include "builder/packages/package_record.h"
#include "builder/tree/tree.h"

namespace builder {

struct FoundPackage {
  PackageRecord record;
  std::string files{};        // a line for each, absolute; empty: not listed
  std::string folder{};       // all below it is the package's, but for other packages' node_modules
  uint64_t files_before = 0;  // as many of them does the source have
};

// Of a name or version; longer ones are no such thing.
inline constexpr size_t kMostValueBytes = 255;

inline bool IsUsable(const PackageRecord& record) {
  return !record.name.empty() && record.name.size() <= kMostValueBytes &&
         record.version.size() <= kMostValueBytes &&
         record.origin.source_name.size() <= kMostValueBytes &&
         record.origin.source_version.size() <= kMostValueBytes &&
         record.origin.architecture.size() <= kMostValueBytes;
}

// The content of a file of at most that size; empty where `node` is null, no file or larger.
inline std::string ContentOf(const Node* node, uint64_t most_bytes) {
  if (node == nullptr || node->kind != Node::Kind::kFile || node->size_bytes > most_bytes) {
    return "";
  }
  const std::vector<uint8_t> bytes = node->Read(0, node->size_bytes);
  return {bytes.begin(), bytes.end()};
}

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_FOUND_PACKAGE_H_
