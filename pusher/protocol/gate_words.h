// The words that imgpush and `activate --host` say to a gate (`activate gate`), which runs no
// shell: "slipway-gate 8 receive". docs/formats/gate.md has their forms.
#ifndef SLIPWAY_PUSHER_PROTOCOL_GATE_WORDS_H_
#define SLIPWAY_PUSHER_PROTOCOL_GATE_WORDS_H_

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "pusher/protocol/protocol.h"

namespace pusher {

inline constexpr std::string_view kGateWord = "slipway-gate";
inline constexpr std::string_view kGateReceive = "receive";
inline constexpr std::string_view kGateActivate = "activate";
inline constexpr std::string_view kGateRollback = "rollback";
inline constexpr std::string_view kGateReport = "report";

// `task`: "receive", with what follows it.
inline std::string GateCommandLine(std::string_view task) {
  return fmt::format("{} {} {}", kGateWord, kProtocolMax, task);
}

// What a gate answers somebody who sends a shell program begins with this.
inline constexpr std::string_view kIsGate = "this login is a gate";

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_GATE_WORDS_H_
