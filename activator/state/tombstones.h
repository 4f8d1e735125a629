// Names that prune gives to directories before it removes them. Only prune uses them, and only
// under the host's lock, so one that exists was left by a prune that was cut off.
#ifndef SLIPWAY_ACTIVATOR_STATE_TOMBSTONES_H_
#define SLIPWAY_ACTIVATOR_STATE_TOMBSTONES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace activator {

// `number`: of a generation; 0: it is none.
std::string NewTombstone(uint64_t number);
bool IsTombstone(std::string_view name);
// Whose name it is: its number was given, although no generation and perhaps no event has it.
std::optional<uint64_t> TombstoneGeneration(std::string_view name);

// A transfer that somebody works on holds the lock of its file `lock`: nullopt then. Otherwise it
// is ours while the result lives.
std::optional<base::UniqueFd> LockTransfer(const std::string& directory);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_TOMBSTONES_H_
