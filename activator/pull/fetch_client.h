// Asks `fetch`, which reads the store, for objects (pusher/protocol/fetch_link.h). What it answers
// is nobody's word: the caller verifies it. Belongs to one thread.
#ifndef SLIPWAY_ACTIVATOR_PULL_FETCH_CLIENT_H_
#define SLIPWAY_ACTIVATOR_PULL_FETCH_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "activator/pull/pull_config.h"
#include "base/unique_fd.h"
#include "pusher/protocol/fetch_link.h"
#include "pusher/protocol/stream.h"
#include "pusher/protocol/wire.h"

namespace activator {

inline constexpr const char* kFetchSocketPath = "/run/slipway-fetch.sock";

// Throws Error{kBusy} where nobody listens there.
base::UniqueFd ConnectToFetch(const std::string& path = kFetchSocketPath);

// Of a host's requests of one pull.
struct FetchTraffic {
  uint64_t requests = 0;
  uint64_t bytes = 0;
};

class FetchClient {
 public:
  // Nothing was said over `socket` yet.
  FetchClient(base::UniqueFd socket, const PullConfig& config,
              std::chrono::milliseconds idle_limit = std::chrono::seconds(30));

  struct Object {
    pusher::FetchState state = pusher::FetchState::kMissing;
    std::string version;
    std::string content;
  };
  // These two throw Error{kBusy} for whatever went wrong; then the connection is not to be used any
  // more. `known_version`: of an earlier answer, for kUnchanged; empty: none.
  Object Get(const std::string& key, uint64_t max_bytes, const std::string& known_version = "");
  void Put(const std::string& key, const std::string& content);
  // From PlayPush on `receive` is the host's side of the push; what that throws is thrown, but that
  // of an end or an interrupt of fetch comes Error{kBusy}.
  void Play(const std::vector<pusher::VersionDigest>& versions,
            const std::function<void(pusher::Wire& wire)>& receive);

  // Has fetch say what all took so far, Play included. Throws Error{kBusy}.
  void UpdateTraffic();

  // As the last answer said.
  const FetchTraffic& traffic() const { return traffic_; }
  const std::optional<std::chrono::seconds>& clock_offset() const { return clock_offset_; }
  // Whether the store or fetch itself was not reached: another key would not be either.
  bool is_unreachable() const { return is_unreachable_; }

 private:
  template <typename Work>
  auto Asking(const Work& work);
  void Ask(const pusher::FetchRequest& request);
  pusher::FetchAnswer Answer();

  const base::UniqueFd socket_;
  pusher::Stream stream_;
  pusher::Wire wire_;
  FetchTraffic traffic_;
  std::optional<std::chrono::seconds> clock_offset_;
  bool is_unreachable_ = false;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_FETCH_CLIENT_H_
