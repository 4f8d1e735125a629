#ifndef SLIPWAY_BASE_PARALLEL_FOR_H_
#define SLIPWAY_BASE_PARALLEL_FOR_H_

#include <cstddef>
#include <functional>

namespace base {

// Calls `work` for 0 to count - 1, at most `jobs` at once, each on a thread of its own; no new one
// is begun once we were interrupted. Returns when all have ended; then throws what one of them
// threw.
void ParallelFor(size_t count, size_t jobs, const std::function<void(size_t)>& work);

}  // namespace base

#endif  // SLIPWAY_BASE_PARALLEL_FOR_H_
