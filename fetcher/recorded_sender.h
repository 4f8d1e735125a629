// Plays a recorded delta: what a pusher would have said of an image to a host that has an older
// version of it.
#ifndef SLIPWAY_FETCHER_RECORDED_SENDER_H_
#define SLIPWAY_FETCHER_RECORDED_SENDER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/recorded_delta.h"
#include "pusher/protocol/wire.h"
#include "store/store.h"

namespace fetcher {

inline constexpr int kMostTriedDeltas = 8;  // of one version, each a request

class RecordedSender {
 public:
  // The first there is against a version that the host holds, and that the host can use. What is
  // damaged, or meant for another codec or protocol, counts as missing. `store` must outlive it.
  static std::optional<RecordedSender> Find(store::Store& store, const pusher::Hello& hello,
                                            const pusher::VersionDigest& version);

  // The offer, and what the host asks for of the recording. What it leaves out the host asks for
  // again: what is in one message with something that the host has, and all behind a fault.
  void Send(pusher::Wire& wire, const std::string& release, pusher::KeepAlive& alive);

 private:
  RecordedSender(pusher::RecordedDeltaReader reader, uint64_t basis);

  static std::optional<RecordedSender> Open(store::Store& store, const pusher::Hello& hello,
                                            const pusher::VersionDigest& version, size_t basis);
  bool Fits(const pusher::Hello& hello, const pusher::VersionDigest& version,
            const pusher::VersionDigest& basis) const;
  void ReadTexts();
  void SendChunks(pusher::Wire& wire, const std::vector<bool>& missing, pusher::KeepAlive& alive);

  pusher::RecordedDeltaReader reader_;
  uint64_t basis_;     // as the offer names it
  std::string texts_;  // as they travel
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_RECORDED_SENDER_H_
