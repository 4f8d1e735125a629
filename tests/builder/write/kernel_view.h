// What the kernel shows of a mounted image, compared with the tree that it was made of. By system
// calls alone, none of the product's reading code.
#ifndef SLIPWAY_TESTS_BUILDER_WRITE_KERNEL_VIEW_H_
#define SLIPWAY_TESTS_BUILDER_WRITE_KERNEL_VIEW_H_

#include <string>

#include "builder/tree/tree.h"

namespace tests {

// The first difference, "" where there is none: names, modes, owners, times, sizes, content, link
// targets and counts, device numbers, extended attributes, and which names are one inode.
std::string DifferenceFromKernel(const builder::Tree& tree, const std::string& mount);

}  // namespace tests

#endif  // SLIPWAY_TESTS_BUILDER_WRITE_KERNEL_VIEW_H_
