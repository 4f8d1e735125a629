// Ready definitions: images/catalog/*.json, which are compiled into the program. The first line of
// each is a comment that says what it is, the second names the Debian package that brings its
// program ("// Package: nginx").
#ifndef SLIPWAY_IMAGES_DEFINITION_CATALOG_H_
#define SLIPWAY_IMAGES_DEFINITION_CATALOG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace images {

// Name -> text, in which {major} stands for the version in a program's path.
const std::map<std::string, std::string>& CatalogEntries();

// The definition `entry` for this machine; nullopt: the catalog has none of that name.
std::optional<std::string> CatalogDefinition(const std::string& entry);

// An entry for one of several on a host.
struct CatalogInstance {
  std::string entry;
  std::string name;                 // of its image and its service, and so of its directories
  std::string folder;               // that the entry takes its files from; empty: none
  std::string user;                 // that the entry names; empty: none
  uint64_t port = 0;                // the entry's own
  std::optional<uint64_t> to_port;  // instead
};

// `text`, the entry's definition or one of its files, with the instance's name, folder, user and
// port.
std::string ForInstance(std::string text, const CatalogInstance& instance);

}  // namespace images

#endif  // SLIPWAY_IMAGES_DEFINITION_CATALOG_H_
