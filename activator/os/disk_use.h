// Counts the disk space that files take.
#ifndef SLIPWAY_ACTIVATOR_OS_DISK_USE_H_
#define SLIPWAY_ACTIVATOR_OS_DISK_USE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace activator {

using FileId = std::pair<dev_t, ino_t>;

// Of the directories and files at and below the paths; a file with several names once.
uint64_t UsedBytes(const std::vector<std::string>& paths);
// What is free once all of them are removed: a file that has a name elsewhere too stays.
uint64_t FreedBytes(const std::vector<std::string>& paths);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_DISK_USE_H_
