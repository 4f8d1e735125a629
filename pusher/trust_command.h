// imgpush --trust DIR HOST: says to hosts whose images they take.
#ifndef SLIPWAY_PUSHER_TRUST_COMMAND_H_
#define SLIPWAY_PUSHER_TRUST_COMMAND_H_

#include <string>

#include "base/io.h"
#include "images/release/trust.h"
#include "pusher/arguments.h"

namespace pusher {

// That ssh-keygen reads each key of them as we do. Throws Error{kVerification} with the file, and
// of a signer the line.
void CheckAsSshKeygen(const images::Trust& trust, const std::string& directory);

// The lines that go and come, "- LINE" and "+ LINE", by file; empty where there is no difference.
std::string TrustDifference(const images::TrustTexts& from, const images::TrustTexts& to);

// Checks each line of the files, then each host in turn: shows the difference, asks, changes it and
// looks at it again. Returns the exit code.
int RunTrust(Arguments arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_TRUST_COMMAND_H_
