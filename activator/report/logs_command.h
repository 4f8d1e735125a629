// `activate logs`: what the units of one application wrote to the journal. Read-only, without the
// host's lock.
#ifndef SLIPWAY_ACTIVATOR_REPORT_LOGS_COMMAND_H_
#define SLIPWAY_ACTIVATOR_REPORT_LOGS_COMMAND_H_

#include <cstdint>
#include <optional>
#include <string>

#include "activator/os/systemd.h"
#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

struct LogsOptions {
  std::string name;                  // of the application
  bool follow = false;               // and what comes, until we are interrupted or nobody listens
  std::optional<std::string> since;  // as journalctl takes it
  std::optional<uint64_t> lines;
  bool json = false;
  bool until_input_ends = false;  // listener.h
};

// The units of an application, in whichever generation on the host: one that was rolled back is
// the one whose log is looked for. Services, what starts them, their hooks and checks. Throws
// Error{kFailed} where it has no services, and where no generation has it, with those that there
// are.
UnitNames UnitsOfApplication(const images::HostLayout& layout, const std::string& name);

// Returns the exit code: 0 also where an interrupt ends the following.
int RunLogs(const images::HostLayout& layout, const LogsOptions& options, const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_LOGS_COMMAND_H_
