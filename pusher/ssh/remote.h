// The connection to one host: a child process whose standard input and output carry the protocol,
// either ssh or, for a folder, the agent itself.
#ifndef SLIPWAY_PUSHER_SSH_REMOTE_H_
#define SLIPWAY_PUSHER_SSH_REMOTE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "base/ssh_command.h"
#include "pusher/protocol/wire.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/destination.h"

namespace pusher {

struct RemoteOptions {
  std::string ssh;    // program and options as one text: "ssh -F config"; empty: "ssh"
  AgentOptions host;  // a folder is its own root
};

using base::SplitWords;

class Connection {
 public:
  // Starts the child: ssh, which is given `command`, or for a folder `folder_command`.
  // Throws Error{kUsage} where the words of options.ssh make no command.
  Connection(const Destination& target, const RemoteOptions& options, const std::string& command,
             const std::vector<std::string>& folder_command);

  Stream& stream() { return stream_; }
  bool by_ssh() const { return by_ssh_; }
  // The better account of `error` where the connection ended: what the host said before, or ssh's
  // own last line. Ends the child.
  base::Error Explain(const base::Error& error);
  // After the last message: lets the child end by itself, for a moment.
  void Close();

 private:
  const std::string name_;
  const bool by_ssh_;
  base::Child child_;
  Stream stream_;
};

// A connection with the agent's `receive` at its other end.
class Remote {
 public:
  // Over ssh, gets the agent running. Throws Error{kUnreachable} with ssh's own last line where
  // there is no way to the host.
  Remote(const Destination& target, const RemoteOptions& options, const AgentBinary& agent);

  Wire& wire() { return wire_; }
  Connection& connection() { return connection_; }
  uint64_t agent_bytes() const { return start_.agent_bytes; }  // uploaded; 0 where it was there
  bool by_sudo() const { return start_.by_sudo; }
  base::Error Explain(const base::Error& error) { return connection_.Explain(error); }
  void Close() { connection_.Close(); }

 private:
  Connection connection_;
  Wire wire_;
  Bootstrapped start_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_REMOTE_H_
