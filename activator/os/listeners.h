// Finds, in /proc, who listens on this host's TCP ports.
#ifndef SLIPWAY_ACTIVATOR_OS_LISTENERS_H_
#define SLIPWAY_ACTIVATOR_OS_LISTENERS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace activator {

struct Listener {
  std::string address;  // as inet_ntop writes it; empty: every one
  uint64_t port = 0;
  uint64_t pid = 0;     // 0: not known (another network namespace's, or gone already)
  std::string program;  // its name
  // Of its control group, from the outermost in: a service may run units of its own.
  std::vector<std::string> units;
};

// Those at `ports`, one for each socket. What cannot be read is passed over.
std::vector<Listener> ReadListeners(const std::set<uint64_t>& ports);

// A socket of /proc/net/tcp or tcp6 that listens; pid, program and unit are not set. For tests.
struct ListeningSocket {
  Listener listener;
  uint64_t inode = 0;
};
std::vector<ListeningSocket> ParseNetTcp(const std::string& text);

// The units in the text of /proc/PID/cgroup. For tests.
std::vector<std::string> UnitsOfCgroup(const std::string& text);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_LISTENERS_H_
