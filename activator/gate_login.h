// `activate gate OPERATOR`: the forced command of a key in root's authorized_keys. Whoever logs in
// with that key may do what ROOT/trust/gate.json grants the operator, and nothing else
// (docs/formats/gate.md).
#ifndef SLIPWAY_ACTIVATOR_GATE_LOGIN_H_
#define SLIPWAY_ACTIVATOR_GATE_LOGIN_H_

#include <functional>
#include <string>
#include <vector>

#include "base/io.h"

namespace activator {

// RunActivate: what is granted becomes a command line of it.
using RunWords = std::function<int(const std::vector<std::string>& arguments, const base::Io& io)>;

// Does what SSH_ORIGINAL_COMMAND asks for, and returns its exit code. The environment is emptied
// first. What is refused is one line on `io.out`, for the client, and an event of the history:
// ExitCode::kUsage where it is no command of a gate, kVerification where it is not granted. Throws
// what ends a push, which the sender was told.
int RunGate(const std::string& root, const std::string& who, const RunWords& run,
            const base::Io& io);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_GATE_LOGIN_H_
