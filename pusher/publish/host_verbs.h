// The verbs of `imgpush channel` that log in on hosts. They are another library's: this one knows
// stores, and no hosts.
#ifndef SLIPWAY_PUSHER_PUBLISH_HOST_VERBS_H_
#define SLIPWAY_PUSHER_PUBLISH_HOST_VERBS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/cli.h"
#include "base/io.h"
#include "store/credentials.h"

namespace pusher {

// What hosts are to pull, checked as far as it can be here.
struct Subscription {
  std::string store;  // as a host can name it
  std::vector<std::string> channels;
  std::string endpoint;
  std::string region;
  std::string ca_file;  // on the host
  std::optional<store::Credentials> credentials;
  std::string trust;  // directory; empty: what the hosts have
};

class HostVerbs {
 public:
  HostVerbs() = default;
  HostVerbs(const HostVerbs&) = delete;
  HostVerbs& operator=(const HostVerbs&) = delete;
  virtual ~HostVerbs() = default;

  // Adds the options that they need beside those of stores.
  virtual void Describe(CLI::App& app) = 0;
  // Whether enroll is to undo it; it takes no store then.
  virtual bool removes() const = 0;
  // `hosts`: words of the command line. Return the exit code; throw Error for what concerns no
  // single host.
  virtual int Enroll(const Subscription& subscription, const std::vector<std::string>& hosts,
                     bool json, const base::Io& io) = 0;
  virtual int Remove(const std::vector<std::string>& hosts, bool json, const base::Io& io) = 0;
  virtual int Poke(const std::vector<std::string>& hosts, bool json, const base::Io& io) = 0;
};

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PUBLISH_HOST_VERBS_H_
