// The options of `activate receive`.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_OPTIONS_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "activator/gate/gate.h"

namespace activator {

struct ReceiveOptions {
  std::string root;
  std::string by;                // who pushes, for the record
  bool plain_directory = false;  // a dir: host: no systemd, no mounting, nothing ever runs from it
  // For another push: of this version, or one that publishes. It lets go soon if at all.
  std::chrono::milliseconds lock_wait{3000};
  bool older = false;                  // take releases that are older than those that were taken
  bool set_trust = false;              // take the files of ROOT/trust instead
  size_t host_jobs = 0;                // threads that rebuild deltas, as RebuildJobs() takes them
  std::optional<GateOperator> gate{};  // who may see and send no more than that
  bool without_deltas = false;         // the sender hears of no version that one could start from
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_OPTIONS_H_
