#include "activator/receive/conversation.h"

#include <sys/stat.h>

#include "base/error.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/stream.h"

namespace activator {
namespace {

void TellFailure(pusher::Wire& wire, const base::Error& error) {
  try {
    pusher::SendText(wire, pusher::MessageType::kFailure,
                     pusher::Failure{error.code(), error.what()}.Serialize());
    wire.Flush();
  } catch (const base::Error&) {  // nobody listens; the error itself is what counts
  }
}

}  // namespace

void Converse(pusher::Wire& wire, const std::function<void(pusher::KeepAlive& alive)>& talk) {
  try {
    pusher::KeepAlive alive(wire);
    talk(alive);
  } catch (const base::Error& error) {
    TellFailure(wire, error);
    throw;
  }
}

int RunConversation(const base::Io& io,
                    const std::function<void(pusher::Wire& wire, pusher::KeepAlive& alive)>& talk,
                    const std::function<void()>& before) {
  ::umask(022);  // what we make is 0755 and 0644 whatever the login shell's umask is
  pusher::StreamOptions stream_options;
  stream_options.peer = "the sender";
  pusher::Stream stream(io.in, io.out, stream_options);
  pusher::Wire wire(stream);
  if (before) {
    try {
      before();
    } catch (const base::Error& error) {
      TellFailure(wire, error);
      throw;
    }
  }
  Converse(wire, [&](pusher::KeepAlive& alive) { talk(wire, alive); });
  return 0;
}

}  // namespace activator
