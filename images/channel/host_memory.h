// What a host remembers of a channel between two polls. Its file, and the rules on what it holds,
// are in docs/formats/channel.md.
#ifndef SLIPWAY_IMAGES_CHANNEL_HOST_MEMORY_H_
#define SLIPWAY_IMAGES_CHANNEL_HOST_MEMORY_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "images/channel/channel_head.h"

namespace images {

inline constexpr std::chrono::hours kOverrideLasts(24);
inline constexpr size_t kMaxFailedSets = 32;  // the oldest is forgotten

// The last head that was verified, with the signatures by which it was.
struct RememberedHead {
  SignedHead head;
  TimePoint taken;   // by the host's clock
  std::string etag;  // of the store; empty: it has none
};

// An activation of it ended in exit 3: it is not tried again.
struct FailedSet {
  base::Sha256 set;  // ChannelHead::SetDigest
  uint64_t version = 0;
  TimePoint failed;
  bool operator==(const FailedSet&) const = default;
};

// An application that was pushed over ssh, and is not the channel's until then.
struct Override {
  std::string by;
  TimePoint until;
  bool operator==(const Override&) const = default;
};

inline constexpr size_t kMaxMemoryBytes = size_t{8} << 20;  // of its file

struct HostMemory {
  std::string channel;
  std::optional<RememberedHead> head{};
  std::optional<AppliedSet> applied{};
  std::vector<FailedSet> failed{};  // the oldest first
  std::map<std::string, Override> overrides{};

  std::string Serialize() const;
  // Throws Error{kVerification}: what is not read must not let an old head through.
  static HostMemory Parse(const std::string& text, const std::string& name_of_file);

  void AddFailure(const ChannelHead& head, TimePoint now);
  bool HasFailed(const base::Sha256& set) const;
  void Pin(const std::string& application, const std::string& by, TimePoint now);
  // Forgets the overrides that have ended.
  void DropEnded(TimePoint now);
};

// Whether the signatures of the remembered head count by today's trust. Keys that expired since it
// was taken do, revoked ones do not. Where it is false, its version binds nobody, and the head is
// to be fetched anew, whole.
bool StillCounts(const RememberedHead& remembered, const Trust& trust, SignatureVerifier& verifier);

}  // namespace images

#endif  // SLIPWAY_IMAGES_CHANNEL_HOST_MEMORY_H_
