// The connection to one host: a child process whose standard input and output carry the protocol,
// either ssh or, for a folder, the agent itself.
#ifndef SLIPWAY_PUSHER_SSH_REMOTE_H_
#define SLIPWAY_PUSHER_SSH_REMOTE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "base/ssh_command.h"
#include "pusher/protocol/wire.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/destination.h"
#include "pusher/ssh/login.h"

namespace pusher {

struct RemoteOptions {
  std::string ssh;    // program and options as one text: "ssh -F config"; empty: "ssh"
  AgentOptions host;  // a folder is its own root
  // How long a login may take; ssh itself gives up on a host that does not answer after a part.
  std::chrono::seconds login_limit{120};
  std::chrono::seconds connect_timeout{10};
  std::function<void(const std::string& line)> show{};  // told what a slow login prints
  bool alone = false;                                   // over no connection that is shared
  bool may_ask = false;               // for a passphrase or password, on the terminal
  std::shared_ptr<RateLimit> rate{};  // of what is sent, on all connections; null: none
};

// The way to the host failed before it said a word; another attempt may do.
class NotReached : public base::Error {
 public:
  explicit NotReached(const base::Error& why) : base::Error(why) {}
};

using base::SplitWords;

class Connection {
 public:
  // Starts the child: ssh, which is given `command`, or for a folder `folder_command`.
  // Throws Error{kUsage} where the words of options.ssh make no command.
  Connection(const Destination& target, const RemoteOptions& options, const std::string& command,
             const std::vector<std::string>& folder_command);

  Stream& stream() { return stream_; }
  Login& login() { return login_; }
  // Our program speaks there: it is heard of every 5 s from now on.
  void Answered();
  bool by_ssh() const { return by_ssh_; }
  // The better account of `error` where the connection ended: what the host and ssh said before.
  // Ends the child.
  base::Error Explain(const base::Error& error);
  // Throws that, as NotReached where another attempt may do better.
  [[noreturn]] void Fail(const base::Error& error);
  // After the last message: lets the child end by itself, for a moment.
  void Close();

 private:
  StreamOptions StreamOptionsFor();
  void ShowLogin();
  base::Error ExplainLoginEnd(std::optional<int> exit_code);

  const std::string name_;
  const bool by_ssh_;
  const RemoteOptions options_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Login login_;
  size_t shown_errors_ = 0;
  size_t shown_printed_ = 0;
  bool may_pass_ = false;
  bool hinted_ = false;
  base::Child child_;
  Stream stream_;
};

// A connection with the agent's `receive` at its other end.
class Remote {
 public:
  // Over ssh, gets the agent running. Throws NotReached or another Error{kUnreachable} with ssh's
  // own words where there is no way to the host.
  // `agents` must outlive what agent() is asked for.
  Remote(const Destination& target, const RemoteOptions& options, const Agents& agents);

  Wire& wire() { return wire_; }
  Connection& connection() { return connection_; }
  const AgentBinary& agent() const { return *chosen_.agent; }  // that for the host's machine
  uint64_t agent_bytes() const { return chosen_.sent_bytes; }  // uploaded; 0 where it was there
  base::Error Explain(const base::Error& error) { return connection_.Explain(error); }
  void Close() { connection_.Close(); }

 private:
  Connection connection_;
  Wire wire_;
  ChosenAgent chosen_;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_REMOTE_H_
