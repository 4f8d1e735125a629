// The host's side of a push: `activate receive`, started by imgpush over ssh, talks
// pusher/protocol/protocol.h on standard input and output.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "base/io.h"

namespace activator {

struct ReceiveOptions {
  std::string root;
  std::string by;                // who pushes, for the record
  bool plain_directory = false;  // a dir: host: no systemd, no mounting, nothing ever runs from it
  // For another push: of this version, or one that publishes. It lets go soon if at all.
  std::chrono::milliseconds lock_wait{3000};
  size_t host_jobs = 0;  // threads that rebuild deltas, as RebuildJobs() takes them
};

// Returns the exit code. Errors go to the peer as a message where it still listens, and are thrown
// too.
int RunReceive(const ReceiveOptions& options, const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_RECEIVE_H_
