// Computes ages by a clock that may be wrong: not set yet after a boot, or set
// back.
#ifndef SLIPWAY_ACTIVATOR_PRUNE_AGE_H_
#define SLIPWAY_ACTIVATOR_PRUNE_AGE_H_

#include <ctime>

namespace activator {

inline constexpr time_t kDay = time_t{24} * 60 * 60;

// False also where nobody can tell: `when` is in the future, or one of the two in a time before
// this program, when the clock was not set. What is only kept while it is young is then kept.
bool IsOlderThan(time_t when, time_t seconds, time_t now = ::time(nullptr));

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PRUNE_AGE_H_
