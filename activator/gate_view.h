// What an operator of a gate sees of a host: their own applications.
#ifndef SLIPWAY_ACTIVATOR_GATE_VIEW_H_
#define SLIPWAY_ACTIVATOR_GATE_VIEW_H_

#include "activator/gate/gate.h"
#include "activator/host/installed_units.h"
#include "activator/report/report.h"

namespace activator {

// The units of the operator's applications.
InstalledUnits TheirsOf(const GateOperator& who, const images::HostLayout& layout,
                        const InstalledUnits& units);

// Without what is about other applications, people and the host as a whole.
void KeepTheirs(const GateOperator& who, const images::HostLayout& layout, Status& status);
void KeepTheirs(const GateOperator& who, Listing& listing);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_VIEW_H_
