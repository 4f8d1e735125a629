#ifndef SLIPWAY_BASE_PARALLEL_FOR_H_
#define SLIPWAY_BASE_PARALLEL_FOR_H_

#include <cstddef>
#include <functional>

namespace base {

// Calls `work` for 0 to count - 1 in this order, at most `jobs` at once, each on a thread of its
// own; no new one is begun once one threw or we were interrupted. Returns when all have ended; then
// throws what the first of those that threw did.
void ParallelFor(size_t count, size_t jobs, const std::function<void(size_t)>& work);
// The same for work that asks the number of its thread, below `jobs`, too.
void ParallelFor(size_t count, size_t jobs,
                 const std::function<void(size_t i, size_t worker)>& work);

}  // namespace base

#endif  // SLIPWAY_BASE_PARALLEL_FOR_H_
