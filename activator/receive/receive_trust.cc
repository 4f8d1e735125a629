#include "activator/receive/receive_trust.h"

#include <cstdlib>
#include <utility>

#include "activator/receive/conversation.h"
#include "activator/state/generations.h"
#include "activator/state/record_event.h"
#include "activator/trust/accepted.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/trust_files.h"

namespace activator {
namespace {

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

bool IsSame(const pusher::TrustFiles& one, const pusher::TrustFiles& other) {
  return one.is_on == other.is_on && one.texts == other.texts;
}

// Before it happens: a crash in between leaves no change that is not on record.
void RecordTrust(const images::HostLayout& layout, const std::string& by,
                 const images::TrustTexts& texts) {
  Event event;
  event.event = "trust-set";
  event.generation = ActiveGeneration(layout);
  event.by = by;
  for (const char* file : images::kTrustFiles) {
    event.reason += fmt::format("{}{} {}", event.reason.empty() ? "" : ", ", file,
                                base::Sha256Of(texts.Of(file)).ToHex());
  }
  if (base::LstatIfThere(layout.Trust()) && IsAcceptedLost(layout)) {
    event.reason += "; the order of releases begins anew";
  }
  RecordEvent(layout, std::move(event));
}

}  // namespace

void RequireRootLogin(const std::string& what, const std::string& instead) {
  for (const char* variable : {"SUDO_USER", "DOAS_USER"}) {
    const char* user = std::getenv(variable);
    if (user != nullptr && std::string(user) != "root") {
      base::Fail(base::ExitCode::kFailed, "{} is for root's own login to say, not for {}: {}", what,
                 user, instead);
    }
  }
}

int RunReceiveTrust(const ReceiveOptions& options, const TrustSteps& steps, const base::Io& io) {
  return RunConversation(io, [&](pusher::Wire& wire, pusher::KeepAlive& /*alive*/) {
    const images::HostLayout layout(options.root);
    if (!options.plain_directory) {
      RequireRootLogin("whom this host trusts", "imgpush --trust DIR root@HOST");
    }
    steps.prepare_root(layout);
    const pusher::TrustFiles before = TrustNow(layout);
    pusher::SendTrust(wire, before);
    // Whoever has seen the difference may not want it.
    if (!pusher::ExpectOrEnd(wire, pusher::MessageType::kCommit)) {
      return;
    }
    const pusher::TrustFiles wanted = pusher::ReceiveTrust(wire);
    images::Trust::Parse(wanted.texts, layout.Trust());
    CheckSshKeygen();
    const base::FileLock lock(layout.Lock(), "the host", "imgpush --trust by " + options.by,
                              options.lock_wait);
    if (!IsSame(TrustNow(layout), before)) {
      base::Fail(base::ExitCode::kStale,
                 "whom this host trusts was changed meanwhile, and nothing else was: run it again");
    }
    steps.link_agent(layout);
    RecordTrust(layout, options.by, wanted.texts);
    SetTrust(layout, wanted.texts);
    pusher::SendTrust(wire, TrustNow(layout));
  });
}

}  // namespace activator
