// fs-verity: the file system keeps a Merkle tree of a file and compares each block with it when it
// reads it from the disk. A block that differs is an I/O error, and nobody can write the file any
// more; it can still be linked, renamed and removed.
#ifndef SLIPWAY_ACTIVATOR_OS_FS_VERITY_H_
#define SLIPWAY_ACTIVATOR_OS_FS_VERITY_H_

#include <string>

namespace activator {

// Turns it on where file system and kernel have it; nobody may have the file open for writing.
// Nothing happens where they have not. Throws where the disk is full or fails.
void EnableFsVerity(const std::string& path);

// False also where nothing is there.
bool HasFsVerity(const std::string& path);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_FS_VERITY_H_
