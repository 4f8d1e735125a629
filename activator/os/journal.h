// What the journal of this host has of units.
#ifndef SLIPWAY_ACTIVATOR_OS_JOURNAL_H_
#define SLIPWAY_ACTIVATOR_OS_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "activator/os/systemd.h"

namespace activator {

// The last `lines` messages of systemd about these units: starts, stops, how a process ended.
// Nothing that a service wrote, which may be secret, and nothing of ours, which may quote it.
std::string MessagesAbout(const UnitNames& units, size_t lines);

struct JournalQuery {
  UnitNames units;
  bool follow = false;           // what is added, too
  std::string since;             // as journalctl takes it; empty: from the beginning
  std::optional<uint64_t> most;  // lines, the last; nullopt: all
  bool json = false;             // an entry a line, with all its fields
};

// Throws Error{kUsage} where journalctl takes no such time as JournalQuery::since.
void CheckSince(const std::string& since);

// All that systemd and the units' own processes wrote, oldest first: whole lines, several at once,
// to `tell`, until the journal ends or, where it is followed, until `wanted` says no. Throws
// Error{kFailed} where journalctl fails, which says why, and where we are interrupted.
void ReadJournal(const JournalQuery& query, const std::function<void(std::string_view lines)>& tell,
                 const std::function<bool()>& wanted);

// "systemd 252 (252.39-1~deb12u1)".
std::string SystemdVersion();

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_OS_JOURNAL_H_
