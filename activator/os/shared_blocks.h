// Makes files share blocks on disk, if the file system can (btrfs, xfs).
#ifndef SLIPWAY_ACTIVATOR_OS_SHARED_BLOCKS_H_
#define SLIPWAY_ACTIVATOR_OS_SHARED_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace activator {

// Makes `size_bytes` of `to` share the blocks of `from`. False: nothing is shared, and `can_share`
// says whether other ranges of the two may be (these were not aligned to blocks). Throws where the
// disk is full or fails.
bool ShareBlocks(int from, uint64_t from_offset, int to, uint64_t to_offset, size_t size_bytes,
                 bool& can_share);

// Whether files of `directory` can; tried with two that have no name.
bool CanShareBlocks(const std::string& directory);

// What the file takes on disk that no other file has. Where the file system does not say what is
// shared: all that it takes.
uint64_t UnsharedBytes(int fd);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_SHARED_BLOCKS_H_
