// The hardening profiles: lines of a [Service] section that limit a service. They are plain lists,
// and `imgbuild preview` prints them in place. Every option works as of systemd 252, the oldest
// supported.
#ifndef SLIPWAY_UNITS_HARDENING_H_
#define SLIPWAY_UNITS_HARDENING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "units/unit_text.h"

namespace units {

// `profile`:
//   strict    a network service that needs nothing of the host: no capabilities, no devices, no
//             view of other processes or of the kernel's settings, no memory that is both writable
//             and executable (a JIT needs `standard`), the system calls of @system-service alone
//   standard  the same file system and privileges, without limits on memory, system calls, address
//             families and /proc
//   none      nothing beyond what a dynamic user brings
// `ports` below 1024 add CAP_NET_BIND_SERVICE to every profile, and nothing else. Throws
// Error{kFailed} for another profile.
std::vector<Line> HardeningLines(const std::string& profile, const std::vector<uint64_t>& ports);

}  // namespace units

#endif  // SLIPWAY_UNITS_HARDENING_H_
