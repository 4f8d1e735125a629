// What the journal of this host has from systemd itself.
#ifndef SLIPWAY_ACTIVATOR_OS_JOURNAL_H_
#define SLIPWAY_ACTIVATOR_OS_JOURNAL_H_

#include <cstddef>
#include <string>

#include "activator/os/systemd.h"

namespace activator {

// The last `lines` messages of systemd about these units: starts, stops, how a process ended.
// Nothing that a service wrote, which may be secret, and nothing of ours, which may quote it.
std::string MessagesAbout(const UnitNames& units, size_t lines);

// "systemd 252 (252.39-1~deb12u1)".
std::string SystemdVersion();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_JOURNAL_H_
