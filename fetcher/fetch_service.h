// One connection of activate: its requests, one after the other, until it ends the stream.
#ifndef SLIPWAY_FETCHER_FETCH_SERVICE_H_
#define SLIPWAY_FETCHER_FETCH_SERVICE_H_

#include <functional>
#include <memory>
#include <optional>

#include "base/error.h"
#include "pusher/protocol/fetch_link.h"
#include "pusher/protocol/wire.h"
#include "store/open.h"

namespace fetcher {

class FetchService {
 public:
  // `wire` must outlive the object. `options`: what a request does not say: the key, the limits.
  FetchService(pusher::Wire& wire, store::Options options);

  // Throws where the conversation cannot go on; the peer was told why.
  void Run();

 private:
  void Serve();
  void Open(const pusher::OpenStore& open);
  void Get(const pusher::GetObject& get);
  void Put(const pusher::PutObject& put);
  store::Store& TheStore();
  // Asks the store; what it says is answered, or a failure. `work` does not use the wire.
  void AnswerWith(const std::function<store::Object()>& work);
  // With what this connection took so far.
  void Answer(pusher::FetchAnswer answer);

  pusher::Wire& wire_;
  const store::Options options_;
  std::unique_ptr<store::Store> store_;
  std::optional<base::Error> trouble_;  // why there is none
};

}  // namespace fetcher

#endif  // SLIPWAY_FETCHER_FETCH_SERVICE_H_
