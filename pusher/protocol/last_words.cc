#include "pusher/protocol/last_words.h"

#include <chrono>

#include "pusher/protocol/protocol.h"

namespace pusher {

void ThrowLastWords(Wire& wire) {
  wire.stream().SetIdleLimit(std::chrono::seconds(2));
  wire.stream().DropOutput();
  try {
    for (;;) {
      ReceiveMessage(wire);
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kUnreachable) {
      throw;
    }
  }
}

// A host that fails sees a failure of ours as a lost connection otherwise.
void TellFailure(Wire& wire, const base::Error& error) {
  try {
    wire.stream().SetIdleLimit(std::chrono::seconds(1));
    SendText(wire, MessageType::kFailure, Failure{error.code(), error.what()}.Serialize());
    wire.Flush();
  } catch (const base::Error&) {  // our own error is the one that counts
  }
}

}  // namespace pusher
