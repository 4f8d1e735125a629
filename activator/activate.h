// The `activate` tool: what runs on a host. See docs/errors.md for its exit codes.
#ifndef SLIPWAY_ACTIVATOR_ACTIVATE_H_
#define SLIPWAY_ACTIVATOR_ACTIVATE_H_

#include <functional>
#include <string>
#include <vector>

#include "base/io.h"

namespace activator {

// Returns the exit code or throws Error. As a program of a host it starts itself again in a
// transient unit to switch (transient.h).
int RunActivate(const std::vector<std::string>& arguments, const base::Io& io);

// The same, calling `observer` after each step of a switch that this process itself does.
int RunObservedActivate(const std::vector<std::string>& arguments, const base::Io& io,
                        const std::function<void(int step_done)>& observer);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_ACTIVATE_H_
