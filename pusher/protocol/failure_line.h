// How an `activate` that imgpush runs on a host says why it failed: one line, in the place of the
// text for people, so that imgpush shows the host's error as its own.
#ifndef SLIPWAY_PUSHER_PROTOCOL_FAILURE_LINE_H_
#define SLIPWAY_PUSHER_PROTOCOL_FAILURE_LINE_H_

#include <string>
#include <string_view>

#include "base/error.h"

namespace pusher {

// What a line that is meant for imgpush starts with, among what else a host prints.
inline constexpr std::string_view kOurWord = "SLIPWAY1 ";
// A switch waits to be confirmed over another connection (activator/switch/confirmation.h).
inline constexpr std::string_view kConfirmLine = "SLIPWAY1 CONFIRM\n";
// One is enough, unless the host was rebooted and began anew.
inline constexpr int kMostConfirmations = 3;

inline constexpr std::string_view kFailureWord = "SLIPWAY1 FAILED ";

// The word, {"summary", "detail"} as JSON, and a newline. The code is that of the process.
std::string FailureLine(const base::Error& error);

// `json`: what follows the word. `code`: of the Error that it becomes. Throws Error{kFailed} where
// it is none.
base::Error ParseFailure(std::string_view json, base::ExitCode code);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PROTOCOL_FAILURE_LINE_H_
