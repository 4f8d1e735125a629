// All packages that the records in a tree name, and what the image has of each.
#ifndef SLIPWAY_BUILDER_PACKAGES_INVENTORY_H_
#define SLIPWAY_BUILDER_PACKAGES_INVENTORY_H_

#include <optional>
#include <string>
#include <vector>

#include "builder/packages/found_package.h"

namespace builder {

// The files at or below `path`.
uint64_t CountFilesAt(const std::string& path, const Tree& tree);

class Inventory {
 public:
  // Reads the records of `tree`, before anything is left out of it. With `whole_root` those of the
  // distribution, too; otherwise the source knows its packages, and `owned` are files of them.
  Inventory(const Tree& tree, bool whole_root, const std::vector<std::string>& owned);

  const Distribution& distribution() const { return distribution_; }
  // A database that nobody here reads, or where there were more packages than a provenance holds:
  // what is listed is not all.
  const std::optional<std::string>& unread() const { return unread_; }
  // Sorted. `tree` is the same one, after what the image leaves out was taken away. A package of
  // which nothing is left is none. Neither is one of a language whose record belongs to a package
  // of the distribution, which has fixes that its version does not tell.
  std::vector<PackageRecord> RecordsIn(const Tree& tree) const;

 private:
  void ReadBelow(const std::string& path, const Node& node, const Tree& tree);

  Distribution distribution_;
  std::optional<std::string> unread_;
  std::vector<FoundPackage> found_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_INVENTORY_H_
