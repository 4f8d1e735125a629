#include "base/interrupt.h"

#include <csignal>

#include "base/error.h"

namespace base {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void OnSignal(int /*signal_number*/) { interrupted = 1; }

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // blocking calls return EINTR; no SA_RESTART
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    ::sigaction(signal_number, &action, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

bool Interrupted() { return interrupted != 0; }

void ThrowIfInterrupted() {
  if (Interrupted()) {
    Fail(Code::kInterrupted, "interrupted");
  }
}

}  // namespace base
