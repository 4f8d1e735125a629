// What follows the boot unit: once the services are up, their checks are asked, and the history
// tells what they said. It cannot be the boot unit itself, which the services are ordered after.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_AFTER_BOOT_H_
#define SLIPWAY_ACTIVATOR_SWITCH_AFTER_BOOT_H_

#include <cstdint>
#include <map>
#include <string>

#include "activator/host/host.h"

namespace activator {

// What an activation that the checks after a boot ask for is called in the history (Event::what).
inline constexpr const char* kAfterBoot = "after_boot";

// Starts `activate after-boot` in a transient unit, and does not wait for it. Says on host.io where
// that cannot be done.
void StartAfterBoot(const Host& host);

struct BootFindings {
  uint64_t generation = 0;                      // that was to be looked at; 0: none was active
  uint64_t last_activation = 0;                 // the number of its event
  std::map<std::string, std::string> problems;  // unit -> what is wrong with it
  UnitNames go_back{};             // those that are not well and have "after_boot": "rollback"
  bool switch_came_first = false;  // which looks itself: nobody was asked
};

// Waits for the services (AwaitBoot). Needs no lock: nobody is kept from a switch meanwhile.
BootFindings LookAfterBoot(const Host& host);

// Asks those again that would go back: for findings that have grown old while the lock was waited
// for. The caller holds it.
void LookAgain(const Host& host, BootFindings& found);

// Records what was found, or that a switch came first, which looks itself. Otherwise goes back to
// what was healthy before where that is asked for, and has another version of what asks for it.
// Only once: after that, until somebody else activates something, it only records. The caller holds
// the lock. Throws Error{kNeedsAttention} where a service is not well and it did not go back,
// otherwise as Activate.
void FinishAfterBoot(const Host& host, const BootFindings& found, const std::string& activation_id);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_AFTER_BOOT_H_
