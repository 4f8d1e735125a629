// Starts encoding texts and deltas during the login, against the base that the host probably
// has.
#ifndef SLIPWAY_PUSHER_DELTA_DELTA_PREFETCHER_H_
#define SLIPWAY_PUSHER_DELTA_DELTA_PREFETCHER_H_

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/worker_pool.h"
#include "images/version/image_directory.h"
#include "pusher/delta/image_send_state.h"

namespace pusher {

// All threads may use it at once.
class DeltaPrefetcher {
 public:
  // `work` must outlive the object.
  explicit DeltaPrefetcher(SendCache& work) : work_(work) {}
  // What is not made is dropped.
  ~DeltaPrefetcher() { ended_ = true; }
  DeltaPrefetcher(const DeltaPrefetcher&) = delete;
  DeltaPrefetcher& operator=(const DeltaPrefetcher&) = delete;

  // From now on makes what a host of GuessBasis() will want, one image after the other; an image
  // that was added before is not made again. What fails is found again, and said, by who needs it.
  void Add(const images::ImageDirectory& image);
  // Until all is made.
  void Wait();

 private:
  void Make(const images::ImageDirectory& image);

  SendCache& work_;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;  // for the next two
  std::set<std::string> added_;
  std::vector<std::future<void>> made_;
  base::WorkerPool pool_{1};
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DELTA_DELTA_PREFETCHER_H_
