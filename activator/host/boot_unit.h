// Installs and removes the boot unit in the directory that an operator configures, and, beside the
// links to the applications' units, slipway.target, which all of them are a part of, and the timer
// of `activate verify`.
#ifndef SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_
#define SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_

#include <string>

#include "activator/host/host.h"

namespace activator {

// Installs or renews all with their links into multi-user.target.wants, durable. Throws
// Error{kFailed} where it serves another root (a host has one) or is masked. Where units do not
// survive a reboot the operator has to have it in the system's own configuration; says so, with its
// text, where that is missing.
void InstallBootUnit(const Host& host);

// Throws Error{kFailed} where InstallBootUnit would. Changes nothing.
void CheckBootUnit(const Host& host);

// The target and the timer, which the target starts. True: something was missing, and systemd has
// not seen it.
bool InstallTarget(const Host& host);

// Whether RemoveBootUnit would remove the boot unit's file.
bool WouldRemoveBootUnit(const Host& host);

// Stops and removes all and their links, durable, unless they serve another root. Whatever else is
// a part of the target stops along. False: the boot unit stands where only the operator can remove
// it.
bool RemoveBootUnit(const Host& host);

// Why the boot unit will not run at the next boot, or what a change of the host's target would do
// to the applications, with the remedy; empty where all is well.
std::string BootUnitProblem(const Host& host);

// The text of the boot unit. For tests.
std::string BootUnitText(const std::string& root);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_
