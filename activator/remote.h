// `activate --host HOST ...`: runs the same command on another host, over the user's own ssh.
#ifndef SLIPWAY_ACTIVATOR_REMOTE_H_
#define SLIPWAY_ACTIVATOR_REMOTE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "activator/command_line.h"
#include "hosts/sudo_password.h"

namespace activator {

struct RemoteHost {
  std::string name;         // for people
  std::string destination;  // what ssh is given
  std::string root;
  bool gate = false;                                     // its login is one
  std::shared_ptr<hosts::SudoPassword> sudo_password{};  // null: sudo must not ask for one
  // For a login that neither gets on nor asks a person, until a program of ours runs there.
  std::chrono::milliseconds login_limit = std::chrono::minutes(2);
};

// Takes what the host's `activate` prints, in pieces as they come.
struct RemoteOutput {
  std::function<void(std::string_view piece)> out;
  std::function<void(std::string_view piece)> err;   // null: it is our own standard error
  std::function<void(const std::string& line)> say;  // told of each connection that was lost
  int listener = -1;  // where it all goes: what is followed ends once nobody reads there; -1: never
  bool may_ask = false;  // ssh, for a passphrase or password, on the terminal
};

// Whether the command switches the host, so that a lost connection does not end it.
bool IsSwitch(const CommandLine& line);
// Whether it may change the host, so that it is not to be cut off.
bool MayChange(const CommandLine& line);
// Whether it goes on until it is interrupted or nobody listens.
bool Follows(const CommandLine& line);

// Runs ROOT/bin/activate there with `arguments`, byte for byte, as root where the login may, and
// returns its exit code. A connection that is lost in the middle of a switch is made again, as
// often as it is lost, each time for up to `patience`, under the same activation id: what went on
// there meanwhile is followed, or told. Throws Error{kUnreachable} where the host was not reached
// or the connection was lost, Error{kNeedsAttention} where it was in a switch and did not come
// back, Error{kInterrupted} where we are interrupted, one with EPIPE where nobody listens to what
// is followed. Any thread may call it.
int RunOnHost(const CommandLine& line, std::vector<std::string> arguments, const RemoteHost& host,
              const RemoteOutput& output, std::chrono::milliseconds patience);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REMOTE_H_
