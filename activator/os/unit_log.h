// What the journal tells of a unit that failed, from the entries that journalctl prints as JSON.
#ifndef SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_
#define SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_

#include <string>
#include <vector>

namespace activator {

struct UnitLog {
  // What its processes wrote last: five lines at most, each once, where it was written last. A line
  // that tells of an error is kept before others. Where they wrote nothing, what systemd says.
  std::vector<std::string> lines;
  // How the process that ended last did, as in UnitState, which forgets it when the unit is started
  // again; empty: not known.
  std::string result;
  int exit_status = 0;
};

// `entries`: one JSON object a line, oldest first. What is none is passed over.
UnitLog ParseUnitLog(const std::string& entries);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_UNIT_LOG_H_
