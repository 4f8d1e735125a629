// A channel's head: which versions the hosts of a role run, and when each host starts. One line of
// canonical JSON, and signatures over exactly that line. The authority on the format is
// docs/formats/channel.md.
#ifndef SLIPWAY_IMAGES_CHANNEL_CHANNEL_HEAD_H_
#define SLIPWAY_IMAGES_CHANNEL_CHANNEL_HEAD_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "images/channel/channel_types.h"
#include "images/release/judge.h"
#include "images/release/signature_verifier.h"
#include "images/release/signed_line.h"
#include "images/release/trust.h"
#include "images/version/can_run.h"

namespace images {

inline constexpr const char* kChannelNamespace = "slipway-channel";
inline constexpr size_t kMaxHeadBytes = size_t{1} << 20;

// One build of an application.
struct AppVariant {
  base::Sha256 manifest_sha256;
  std::string architecture;           // as uname -m gives it
  std::vector<std::string> features;  // that a host needs: "erofs-zstd", "dm-verity"
  bool operator==(const AppVariant&) const = default;
};

using ChannelApps = std::map<std::string, std::vector<AppVariant>>;

struct Wave {
  std::vector<std::string> groups;  // all their hosts
  uint64_t percent = 0;             // of all hosts, those of the waves before included
  std::chrono::seconds after{0};    // `created`
  bool operator==(const Wave&) const = default;
};

struct Rollout {
  std::string salt;  // another one, another order of hosts
  std::vector<Wave> waves = {{{}, 100, std::chrono::seconds(0)}};
  std::chrono::seconds spread{0};  // within which the hosts of one wave start
  bool hold = false;               // nobody starts
  bool urgent = false;             // everybody starts at once
  uint64_t retry = 0;              // another one: a set that failed is tried again
  bool operator==(const Rollout&) const = default;
};

struct ProgramFile {
  base::Sha256 sha256;
  uint64_t bytes = 0;
  bool operator==(const ProgramFile&) const = default;
};
using Programs = std::map<std::string, ProgramFile>;  // architecture -> its program

struct ChannelHead {
  std::string channel;
  uint64_t version = 0;
  TimePoint created;
  TimePoint expires;
  ChannelApps apps;
  Rollout rollout;
  Programs agent;  // activate
  Programs fetch;
  bool operator==(const ChannelHead&) const = default;

  // With its newline: what is signed.
  std::string Serialize() const;
  // Throws Error{kVerification} for whatever Serialize() does not write. `where` begins the
  // message.
  static ChannelHead ParseLine(const std::string& line, const std::string& where);

  // "channel web, version 42", as messages name it.
  std::string Subject() const;
  // Of apps and retry: what a host remembers of a set that failed.
  base::Sha256 SetDigest() const;
};

struct SignedHead : SignedLine {
  ChannelHead head;

  // Throws Error{kVerification} that says what is wrong. No signature is verified.
  static SignedHead Parse(const std::string& text, const std::string& where);
};

// Throws Error{kVerification} unless as many signers as the policy wants vouch for the head, by
// keys that are valid at that time and not revoked.
std::vector<std::string> CheckHeadSigners(const SignedHead& head, const Trust& trust,
                                          SignatureVerifier& verifier, TimePoint at);

// The first variant of application `name` that the host can run. Throws Error{kFailed} with what
// the host lacks for each.
const AppVariant& ChooseVariant(const std::string& name, const std::vector<AppVariant>& variants,
                                const HostAbilities& host);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_CHANNEL_HEAD_H_
