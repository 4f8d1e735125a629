// Asks a host what it is and can do, and changes nothing there. An sh program looks at what every
// user can see; where the login has a way to root, the agent looks further, from the place where a
// push stored it or from a temporary folder that is gone afterwards.
#ifndef SLIPWAY_PUSHER_SSH_EXAMINATION_H_
#define SLIPWAY_PUSHER_SSH_EXAMINATION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/remote.h"

namespace pusher {

struct Examination {
  // By key: "kernel", "features" (pusher/diagnosis.cc reads them). A key that ends in "-problem" is
  // of a check that found something.
  std::map<std::string, std::string> facts;
  std::chrono::seconds clock_ahead{0};  // of ours, about

  // Empty where the host did not say.
  std::string Fact(const std::string& key) const {
    const auto found = facts.find(key);
    return found == facts.end() ? "" : found->second;
  }
};

// The command whose output ReadExamination reads.
std::string ExamineCommand(const Agents& agents, const AgentOptions& host);
// Throws Error{kUnreachable} where the stream ends before all is said.
Examination ReadExamination(Stream& stream, const Agents& agents, Login& login);

// Over a connection of its own. Throws NotReached or another Error as Remote does.
Examination Examine(const Destination& target, const RemoteOptions& options, const Agents& agents);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_EXAMINATION_H_
