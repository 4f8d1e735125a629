// The drop-ins with which an operator overrides a unit of ours: UNIT.d/*.conf in the unit
// directory. They are the operator's word, and no drift.
#ifndef SLIPWAY_ACTIVATOR_DROP_INS_H_
#define SLIPWAY_ACTIVATOR_DROP_INS_H_

#include <string>
#include <vector>

#include "activator/host.h"

namespace activator {

// Their paths, in the order in which systemd reads them.
std::vector<std::string> DropInsOf(const Host& host, const std::string& unit);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_DROP_INS_H_
