#include "activator/receive/conversation.h"

#include <sys/stat.h>

#include "base/error.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/stream.h"

namespace activator {

int RunConversation(const base::Io& io,
                    const std::function<void(pusher::Wire& wire, pusher::KeepAlive& alive)>& talk,
                    const std::function<void()>& before) {
  ::umask(022);  // what we make is 0755 and 0644 whatever the login shell's umask is
  pusher::StreamOptions stream_options;
  stream_options.peer = "the sender";
  pusher::Stream stream(io.in, io.out, stream_options);
  pusher::Wire wire(stream);
  try {
    if (before) {
      before();
    }
    pusher::KeepAlive alive(wire);
    talk(wire, alive);
    return 0;
  } catch (const base::Error& error) {
    try {
      pusher::SendText(wire, pusher::MessageType::kFailure,
                       pusher::Failure{error.code(), error.what()}.Serialize());
      wire.Flush();
    } catch (const base::Error&) {  // nobody listens; the error itself is what counts
    }
    throw;
  }
}

}  // namespace activator
