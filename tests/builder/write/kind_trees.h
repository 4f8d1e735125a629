// Trees that hold one kind of inode each, in every form that the format treats differently, and
// random trees of all of them.
#ifndef SLIPWAY_TESTS_BUILDER_WRITE_KIND_TREES_H_
#define SLIPWAY_TESTS_BUILDER_WRITE_KIND_TREES_H_

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "builder/tree/tree.h"

namespace tests {

struct KindTree {
  const char* name;
  // `folder`: where sources on disk may be made; they must stay while the tree is in use.
  builder::Tree (*make)(const std::string& folder);
};
inline void PrintTo(const KindTree& tree, std::ostream* out) { *out << tree.name; }

const std::vector<KindTree>& KindTrees();

// Files of several chunks, whose last parts are of all lengths.
builder::Tree TailsTree();

// The same seed gives the same tree.
builder::Tree RandomKindsTree(uint64_t seed);

// Where random trees start: SLIPWAY_TEST_SEED, otherwise another one each time. Say it where a test
// fails.
uint64_t FirstSeed();

// A file of holes, but for a few bytes here and there.
void WriteSparseFile(const std::string& path, uint64_t size_bytes);

// As the kernel takes and gives it: `uid` may do what `permissions` (0 to 7) says, beside the
// owner's, group's and others' that the mode has.
std::string Acl(uint32_t uid, uint16_t permissions, mode_t mode);

}  // namespace tests

#endif  // SLIPWAY_TESTS_BUILDER_WRITE_KIND_TREES_H_
