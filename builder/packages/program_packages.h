// Reads what a program's linker wrote into it of the packages that it was built from: Go's build
// information (since Go 1.18), and the list that cargo-auditable adds for Rust.
#ifndef SLIPWAY_BUILDER_PACKAGES_PROGRAM_PACKAGES_H_
#define SLIPWAY_BUILDER_PACKAGES_PROGRAM_PACKAGES_H_

#include <string>
#include <vector>

#include "builder/packages/found_package.h"

namespace builder {

// Those of the 64-bit, little-endian ELF program `node` at `path`; of another file, or where what
// it says makes no sense, none.
std::vector<FoundPackage> ReadProgramPackages(const std::string& path, const Node& node);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PACKAGES_PROGRAM_PACKAGES_H_
