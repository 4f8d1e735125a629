// What the channels of one pull share. Belongs to one thread.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_RUN_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_RUN_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "activator/pull/fetch_client.h"
#include "activator/pull/pull_config.h"
#include "activator/pull/pull_steps.h"
#include "base/error.h"
#include "images/channel/decision.h"
#include "images/channel/host_memory.h"
#include "images/release/signature_verifier.h"
#include "images/release/trust.h"

namespace activator {

// Whether this process was interrupted: fetch may say of itself that it was.
bool IsOwnInterrupt(const base::Error& error);

struct PullRun {
  const images::HostLayout& layout;
  const PullConfig& config;
  const PullSteps& steps;
  const images::Trust trust;
  images::SshKeygenVerifier verifier;
  const images::HostAbilities abilities;
  std::map<std::string, images::HostMemory> memories;  // of the channels where it can be read
  std::chrono::seconds clock_offset{0};                // the store's clock less ours
  bool ends_overrides = false;                         // of the channels that are polled
  std::optional<FetchClient> client{};
  std::string unreachable{};  // why no other channel is asked for; empty: go on

  PullRun(const images::HostLayout& layout, const PullConfig& config, const PullSteps& steps,
          images::Trust trust, std::chrono::seconds last_offset);

  // Whole seconds.
  images::TimePoint Now() const;
  // An object of the store. Throws Error{kBusy}; then the next one is asked for over a new
  // connection, unless the store is not reached at all.
  FetchClient::Object Get(const std::string& key, uint64_t max_bytes,
                          const std::string& known_version = "");
  void Put(const std::string& key, const std::string& content);
  // A connection over which nothing went wrong so far. Throws Error{kBusy}.
  FetchClient& Client();
  // Another channel's change of the memory of this one is seen at once.
  void Remember(images::HostMemory memory);

 private:
  template <typename Work>
  auto Asking(const Work& work);
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_RUN_H_
