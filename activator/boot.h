// The boot unit, a plain file in /etc/systemd/system: it recovers a switch that was cut off, and
// starts what is current. Rendered units are ordered after it, so a generation that panics the
// machine while it is tried is not started again.
#ifndef SLIPWAY_ACTIVATOR_BOOT_H_
#define SLIPWAY_ACTIVATOR_BOOT_H_

#include <string>

#include "activator/host.h"

namespace activator {

// Installs or renews the boot unit and its link into multi-user.target.wants, durable. Throws
// Error{kFailed} where it serves another root: a host has one. Where units do not survive a reboot
// the operator has to have it in the system's own configuration; says so, with its text, where that
// is missing.
void InstallBootUnit(const Host& host);

// Puts this program at ROOT/bin/activate where there is none, for the boot unit to run. One that is
// there stays: a push replaces it, and never by an older one.
void InstallSelf(const images::HostLayout& layout);

// What the boot unit runs: recover, repair `current` and the links, reload where systemd has not
// seen the units, and queue the start of all, without waiting for any. The caller holds the lock.
void RunBoot(const Host& host);

// The text of the boot unit. For tests.
std::string BootUnitText(const std::string& root);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_BOOT_H_
