// What a sandbox is to be, and what became of the service in it. Plain data.
#ifndef SLIPWAY_BUILDER_TRIAL_SANDBOX_PLAN_H_
#define SLIPWAY_BUILDER_TRIAL_SANDBOX_PLAN_H_

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builder/trial/file_tracer.h"
#include "builder/trial/listening.h"
#include "builder/trial/privileges.h"
#include "images/service/service.h"

namespace builder {

struct SandboxMount {
  std::string from;  // on this machine
  std::string to;    // in the image
  bool writable = false;
  bool optional = false;  // left out where `from` is not there
};

struct SandboxPlan {
  std::string root;  // an empty folder, nobody else's, over which the image is mounted
  int image = -1;    // the image, as a detached mount; or -1:
  std::string tree;  // a folder with its content
  std::vector<SandboxMount> mounts;
  bool hides_homes = false;  // ProtectHome=yes
  Privileges privileges;
  std::map<std::string, std::string> environment;
  std::string working_directory = "/";  // "-/x": it may lack
  mode_t umask = 0022;
  std::vector<images::Command> before;  // hooks and ExecStartPre=, in order
  images::Service service;              // its command, type, sockets and check, whose URL is whole
  std::chrono::seconds limit{10};
  bool until_listening = false;  // a service without a check has stood when it listens for a moment
};

// What became of a service.
struct SandboxRecord {
  bool stood = false;
  std::string why;                                        // it did not stand
  std::optional<int> exit_code;                           // where it ended, as a shell gives it
  std::optional<std::chrono::milliseconds> passed_after;  // its check
  std::string untraced;  // why nobody looked at its files; empty: they were
  FileFindings files;
  ListeningPorts ports;
  std::string output;  // the end of it
  std::vector<std::string> notes;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SANDBOX_PLAN_H_
