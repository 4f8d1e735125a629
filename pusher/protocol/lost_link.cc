#include "pusher/protocol/lost_link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"

namespace pusher {

void LostLink::Wait(std::string_view why, bool was_back) {
  base::LogInfo("following the activation was cut off: {}", why);
  const auto now = base::SystemClock().Monotonic();
  if (was_back || !since_) {
    since_ = now;
    show_("the connection was lost; the activation goes on there");
  }
  if (now - *since_ >= patience_) {
    GiveUp(why);
  }
  Pause();
}

void LostLink::GiveUp(std::string_view why) const {
  base::Fail(base::ExitCode::kNeedsAttention,
             "the connection was lost while {} was being activated, and the host does not say "
             "what became of it ({}): look at `activate status` there",
             switching_, why);
}

void LostLink::Pause() {
  constexpr int kSteps = 20;
  constexpr std::chrono::milliseconds kStep(50);
  for (int step = 0; step < kSteps; ++step) {
    base::ThrowIfInterrupted();
    base::SystemClock().Sleep(kStep);
  }
}

void LostLink::FailInterrupted() {
  base::Fail(base::ExitCode::kInterrupted,
             "interrupted, but the activation goes on there: look at `activate status`");
}

}  // namespace pusher
