// One exit code for several hosts (docs/errors.md).
#ifndef SLIPWAY_HOSTS_WORST_CODE_H_
#define SLIPWAY_HOSTS_WORST_CODE_H_

namespace hosts {

// The worse of two exit codes: 130, 4, 3 and 7 in this order, then the first that is not 0.
int WorseOf(int a, int b);

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_WORST_CODE_H_
