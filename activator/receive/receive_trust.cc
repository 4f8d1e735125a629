#include "activator/receive/receive_trust.h"

#include <cstdlib>
#include <utility>

#include "activator/receive/conversation.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/trust_files.h"

namespace activator {
namespace {

// Who may become root for single tasks is not asked whom to trust.
void RequireRootLogin() {
  for (const char* variable : {"SUDO_USER", "DOAS_USER"}) {
    const char* user = std::getenv(variable);
    if (user != nullptr && std::string(user) != "root") {
      base::Fail(base::ExitCode::kFailed,
                 "whom this host trusts is for root's own login to say, not for {}: imgpush "
                 "--trust DIR root@HOST",
                 user);
    }
  }
}

pusher::TrustFiles TrustNow(const images::HostLayout& layout) {
  pusher::TrustFiles out;
  out.is_on = base::LstatIfThere(layout.Trust()).has_value();
  for (const char* file : images::kTrustFiles) {
    try {
      out.texts.Of(file) =
          base::ReadFileIfThere(layout.Trust() + "/" + file, images::kMaxTrustBytes).value_or("");
    } catch (const base::Error&) {  // LoadTrust says so
    }
  }
  try {
    LoadTrust(layout);
  } catch (const base::Error& error) {
    out.problem = error.what();
  }
  return out;
}

}  // namespace

int RunReceiveTrust(const ReceiveOptions& options,
                    const std::function<void(const images::HostLayout& layout)>& prepare_root,
                    const base::Io& io) {
  return RunConversation(io, [&](pusher::Wire& wire, pusher::KeepAlive& /*alive*/) {
    const images::HostLayout layout(options.root);
    if (!options.plain_directory) {
      RequireRootLogin();
    }
    prepare_root(layout);
    pusher::SendTrust(wire, TrustNow(layout));
    // Whoever has seen the difference may not want it.
    if (!pusher::ExpectOrEnd(wire, pusher::MessageType::kCommit)) {
      return;
    }
    const pusher::TrustFiles wanted = pusher::ReceiveTrust(wire);
    const base::FileLock lock(layout.Lock(), "the host", "imgpush --trust by " + options.by,
                              options.lock_wait);
    SetTrust(layout, wanted.texts);
    Event event;
    event.event = "trust-set";
    event.generation = ActiveGeneration(layout);
    event.by = options.by;
    RecordEvent(layout, std::move(event));
    pusher::SendTrust(wire, TrustNow(layout));
  });
}

}  // namespace activator
