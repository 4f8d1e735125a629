// Installs and removes the boot unit in the directory that an operator configures.
#ifndef SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_
#define SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_

#include <string>

#include "activator/host/host.h"

namespace activator {

// Installs or renews the boot unit and its link into multi-user.target.wants, durable. Throws
// Error{kFailed} where it serves another root (a host has one) or is masked. Where units do not
// survive a reboot the operator has to have it in the system's own configuration; says so, with its
// text, where that is missing.
void InstallBootUnit(const Host& host);

// Removes the boot unit and its link, durable, unless it serves another root. False: it stands
// where only the operator can remove it.
bool RemoveBootUnit(const Host& host);

// Why it will not run at the next boot, with the remedy; empty where it will.
std::string BootUnitProblem(const Host& host);

// The text of the boot unit. For tests.
std::string BootUnitText(const std::string& root);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_BOOT_UNIT_H_
