// The sender's side of a push whose images are in a store: docs/formats/protocol.md. What a store
// holds is believed as far as digests go; signatures are the host's affair.
#ifndef SLIPWAY_FETCHER_PLAY_H_
#define SLIPWAY_FETCHER_PLAY_H_

#include <vector>

#include "pusher/protocol/keep_alive.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/wire.h"
#include "store/store.h"

namespace fetcher {

class Play {
 public:
  // All must outlive the object.
  Play(pusher::Wire& wire, store::Store& store, const std::vector<pusher::VersionDigest>& versions);

  // From the host's greeting to the staged generation. Throws what either side failed for; the
  // caller tells the host.
  void Run();

 private:
  bool IsHeld(const pusher::VersionDigest& version) const;
  void OfferHeld(const pusher::VersionDigest& version);
  void SendNew(const pusher::VersionDigest& version);
  void SendWhole(const pusher::VersionDigest& version);
  void Commit();

  pusher::Wire& wire_;
  store::Store& store_;
  const std::vector<pusher::VersionDigest>& versions_;
  pusher::KeepAlive alive_;
  pusher::Hello hello_;
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_PLAY_H_
