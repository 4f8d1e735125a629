// Follows processes with ptrace(2) and tells which paths they looked for in vain, which they were
// not allowed to write, and which addresses they connected to. Our own few calls and not strace's:
// nothing to install, and no text of another program to parse. Belongs to one thread, which must
// also be the one that waits for the processes.
#ifndef SLIPWAY_BUILDER_TRIAL_FILE_TRACER_H_
#define SLIPWAY_BUILDER_TRIAL_FILE_TRACER_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "builder/trial/path_calls.h"

namespace builder {

struct FileFindings {
  std::vector<std::string> missing;  // in the order of the first look; each once
  std::set<std::string> refused;     // a folder that could not be made ends in "/"
  std::set<std::string> reached;     // "127.0.0.1:5432"
};

class FileTracer {
 public:
  // Follows a process and all that it starts, from its next exec on; all of them die with us.
  // False: not permitted here, errno says why.
  bool Follow(pid_t pid);
  bool Follows(pid_t pid) const { return tracees_.contains(pid); }
  // What waitpid(2) said of a process that Follows() or was started by one. A process that ended is
  // forgotten; one that stopped goes on.
  void OnStatus(pid_t pid, int status);

  // So far, without what a search along several folders found in another one.
  FileFindings Findings() const;

 private:
  struct Tracee {
    bool has_executed = true;  // what is started by one that we follow is of interest at once
    const PathCall* call = nullptr;
    std::string path;  // of `call`, or an address
    uint64_t flags = 0;
  };
  struct Miss {
    std::string path;
    uint64_t when = 0;
    bool found_elsewhere = false;
  };

  void OnSystemCall(pid_t pid, Tracee& tracee);
  void Enter(pid_t pid, Tracee& tracee, uint64_t number, const uint64_t* arguments) const;
  void Leave(const Tracee& tracee, int error);
  void Found(const std::string& path);

  std::map<pid_t, Tracee> tracees_;
  uint64_t now_ = 0;  // counts paths that were named
  std::vector<Miss> misses_;
  std::map<std::string, size_t> by_path_;  // of misses_
  std::set<std::string> refused_;
  std::set<std::string> reached_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_FILE_TRACER_H_
