#include "base/interrupt.h"

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/error.h"

namespace base {
namespace {

constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

// Read by every thread, so not a sig_atomic_t; lock-free, so a handler may write it.
std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// The next signal of any kind has its default meaning, which ends the process.
void OnSignal(int /*signal_number*/) {
  interrupted = true;
  for (const int signal_number : kSignals) {
    ::signal(signal_number, SIG_DFL);
  }
}

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action {};
  action.sa_handler = &OnSignal;  // no SA_RESTART: blocking calls return EINTR
  for (const int signal_number : kSignals) {
    struct sigaction before {};
    ::sigaction(signal_number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) {
      ::sigaction(signal_number, &action, nullptr);
    }
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
  ::sigaction(SIGXFSZ, &ignore, nullptr);
  // Whoever started us may have let its children go unasked, and we wait for ours.
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool Interrupted() { return interrupted; }

bool InterruptedWithinASecond() {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (!Interrupted() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return Interrupted();
}

void ThrowIfInterrupted() {
  if (Interrupted()) {
    Fail(ExitCode::kInterrupted, "interrupted");
  }
}

}  // namespace base
