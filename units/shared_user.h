// The user that a service shares with its hooks and check (units/auxiliary_units.h).
#ifndef SLIPWAY_UNITS_SHARED_USER_H_
#define SLIPWAY_UNITS_SHARED_USER_H_

#include <string>

#include "images/service/service.h"

namespace units {

// Whether the service has tasks: it and they then say by name whose they are.
bool HasTasks(const images::Service& service);

// The dynamic user that a service and its tasks share: the service's name, where systemd takes it.
std::string SharedUser(const std::string& service_name);

}  // namespace units

#endif  // SLIPWAY_UNITS_SHARED_USER_H_
