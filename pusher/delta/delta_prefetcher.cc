#include "pusher/delta/delta_prefetcher.h"

#include <sys/resource.h>

#include <optional>

#include "base/error.h"
#include "pusher/delta/delta_base.h"

namespace pusher {
namespace {

constexpr int kNice = 3;  // the login goes first, and other programs are not far behind

}  // namespace

void DeltaPrefetcher::Add(const images::ImageDirectory& image) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (added_.insert(image.path()).second) {
    made_.push_back(pool_.Submit([this, image](size_t /*worker*/) { Make(image); }));
  }
}

void DeltaPrefetcher::Wait() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const std::future<void>& one : made_) {
    one.wait();
  }
}

void DeltaPrefetcher::Make(const images::ImageDirectory& image) {
  ::setpriority(PRIO_PROCESS, 0, kNice);  // on Linux of this thread, and those that it starts
  try {
    if (const std::optional<images::ImageDirectory> old = GuessBasis(image)) {
      work_.Of(image)->MakeAhead(*old, [this] { return ended_.load(); });
    }
  } catch (const base::Error&) {
  }
}

}  // namespace pusher
