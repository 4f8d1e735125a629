// `activate report --debug`: all that a report of a fault should come with, as text. Read-only,
// without the host's lock. No environment values, no credentials, nothing that a service wrote.
#ifndef SLIPWAY_ACTIVATOR_REPORT_DEBUG_REPORT_H_
#define SLIPWAY_ACTIVATOR_REPORT_DEBUG_REPORT_H_

#include <functional>
#include <string>

#include "activator/host/host.h"
#include "base/io.h"

namespace activator {

// `versions`: of this program; `status`: as `activate status` prints it. `runs_services`: false for
// a folder as host, which has no systemd to ask. What cannot be had says why in its place.
void WriteDebugReport(const Host& host, const std::string& versions,
                      const std::function<std::string()>& status, bool runs_services,
                      const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_DEBUG_REPORT_H_
