// The system calls that name a path or an address, and where in their arguments.
#ifndef SLIPWAY_BUILDER_TRIAL_PATH_CALLS_H_
#define SLIPWAY_BUILDER_TRIAL_PATH_CALLS_H_

#include <cstdint>

namespace builder {

struct PathCall {
  enum class Kind { kLook, kOpen, kOpenHow, kMakeFile, kMakeFolder, kConnect };
  uint64_t number = 0;
  Kind kind = Kind::kLook;
  int path = 0;     // which argument
  int folder = -1;  // the descriptor that the path is relative to; -1: the working directory
  int flags = -1;   // of kOpen as open(2) has them, of kOpenHow its open_how
};

// Null: a call that names none.
const PathCall* FindPathCall(uint64_t number);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_PATH_CALLS_H_
