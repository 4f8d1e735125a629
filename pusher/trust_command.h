// imgpush --trust DIR HOST: says to hosts whose images they take.
#ifndef SLIPWAY_PUSHER_TRUST_COMMAND_H_
#define SLIPWAY_PUSHER_TRUST_COMMAND_H_

#include <optional>
#include <string>

#include "base/error.h"
#include "base/io.h"
#include "hosts/progress_display.h"
#include "images/release/trust.h"
#include "pusher/arguments.h"
#include "pusher/ssh/agent_binary.h"
#include "pusher/ssh/destination.h"

namespace pusher {

// That ssh-keygen reads each key of them as we do. Throws Error{kVerification} with the file, and
// of a signer the line.
void CheckAsSshKeygen(const images::Trust& trust, const std::string& directory);

// The lines that go and come, "- LINE" and "+ LINE", by file; empty where there is no difference.
std::string TrustDifference(const images::TrustTexts& from, const images::TrustTexts& to);

// The texts of a directory whose every line is right. Throws Error{kVerification}.
images::TrustTexts CheckedTrust(const std::string& directory);

// One host that was told whom to trust.
struct ToldTrust {
  Destination target;
  bool changed = false;
  std::optional<base::Error> error{};
};

// Shows the difference, asks unless arguments.yes, changes it and looks at it again; and says what
// came of it. `arguments.trust` is the directory that `texts` are of.
ToldTrust TellTrust(const Destination& target, const images::TrustTexts& texts,
                    const Arguments& arguments, const Agents& agents, hosts::ProgressDisplay& board,
                    const base::Io& io);

// Checks each line of the files, then each host in turn: shows the difference, asks, changes it and
// looks at it again. Returns the exit code.
int RunTrust(Arguments arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TRUST_COMMAND_H_
