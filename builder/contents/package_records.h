// Makes a closure's records of packages: those that its source knows, and those that its files
// name, each with what the image has of it.
#ifndef SLIPWAY_BUILDER_CONTENTS_PACKAGE_RECORDS_H_
#define SLIPWAY_BUILDER_CONTENTS_PACKAGE_RECORDS_H_

#include <map>
#include <string>

#include "builder/packages/inventory.h"
#include "builder/source/closure.h"
#include "builder/tree/tree.h"

namespace builder {

class PackageRecords {
 public:
  // `tree` has all that the source brings.
  PackageRecords(const Closure& closure, const Tree& tree);
  // `tree` is without what the image leaves out, and so are the closure's packages.
  void AddTo(Closure& closure, const Tree& tree) const;

 private:
  Inventory inventory_;
  std::map<std::string, uint64_t> files_before_;  // by the path of a package
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_PACKAGE_RECORDS_H_
