// `activate --host` where the host's login is a gate: what is asked of it, and what it says.
#ifndef SLIPWAY_ACTIVATOR_GATE_CLIENT_H_
#define SLIPWAY_ACTIVATOR_GATE_CLIENT_H_

#include <functional>
#include <string>
#include <string_view>

#include "activator/command_line.h"

namespace activator {

// What ssh is given. Throws Error{kUsage} for a command that no gate takes.
std::string GateCommandFor(const CommandLine& line, const std::string& activation_id);

// Takes what a gate prints of a switch, in pieces, and hands on its lines for people.
class GateLines {
 public:
  explicit GateLines(std::function<void(const std::string& line)> say) : say_(std::move(say)) {}
  void Add(std::string_view piece);
  void End();  // what came last may have no end of line

 private:
  void Take(const std::string& line) const;

  const std::function<void(const std::string& line)> say_;
  std::string rest_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_CLIENT_H_
