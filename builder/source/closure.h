// The common form of every source: packages, and a function that adds their files to a tree.
#ifndef SLIPWAY_BUILDER_SOURCE_CLOSURE_H_
#define SLIPWAY_BUILDER_SOURCE_CLOSURE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/problems.h"
#include "builder/packages/package_record.h"
#include "builder/tree/tree.h"
#include "images/definition/definition.h"
#include "images/version/manifest.h"

namespace builder {

struct Package {
  images::ClosurePath entry;        // for the manifest; size_bytes is filled in by MakeTree
  std::vector<std::string> paths;   // in the image: its files, or directories with all below
  std::set<std::string> folders{};  // all below that no other package has, besides `paths`
  PackageOrigin origin{};           // without a type: a file, or a whole root
};

// What a source says about how it runs; empty where it says nothing.
struct ServiceDefaults {
  images::Command exec;
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::string user;         // as an OCI image says it (builder/contents/oci_user.h)
  std::string stop_signal;  // as KillSignal= takes it
  std::vector<uint64_t> ports;
  std::optional<images::Health> health;
};

struct Closure {
  std::string main_path;          // what {out} stands for; empty where the source is a whole root
  std::string version;            // of the main package; empty where it has none
  std::string architecture;       // as uname -m gives it; empty: that of the services' programs
  std::vector<Package> packages;  // sorted by path
  // What the image has of packages, for the provenance; MakeTree fills them in, the source of an
  // ELF closure knows the distribution.
  std::vector<PackageRecord> records;
  Distribution distribution;
  std::optional<std::string> unread_database;   // which has more of them
  std::map<std::string, std::string> derivers;  // Nix: by path, for the provenance
  std::vector<std::string> program_folders;     // in the image, where programs are looked for first
  ServiceDefaults service;
  std::map<std::string, std::string> sets;  // run-time sets that it has -> what for
  std::function<void(Tree&)> fill;  // puts all files into a tree that is empty; call it once
  // Adds what depends on all that is in the tree at the end; may be empty.
  std::function<void(Tree&)> complete;
  // Of contents.add and of programs, which the closure is without; and the paths of those.
  base::Problems problems;
  std::vector<std::string> missing;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_CLOSURE_H_
