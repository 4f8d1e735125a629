// The processes of this machine.
#ifndef SLIPWAY_ACTIVATOR_OS_PROCESSES_H_
#define SLIPWAY_ACTIVATOR_OS_PROCESSES_H_

#include <string>
#include <vector>

namespace activator {

// Their numbers, which are names of folders in /proc. Each may have ended before it is looked at.
std::vector<std::string> ProcessIds();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_PROCESSES_H_
