// ROOT/trust/accepted.json: the releases that this host took. An older one of the same name and
// channel is not taken again. docs/formats/release.md has the format.
#ifndef SLIPWAY_ACTIVATOR_TRUST_ACCEPTED_H_
#define SLIPWAY_ACTIVATOR_TRUST_ACCEPTED_H_

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "images/version/host_layout.h"

namespace activator {

// How a version was last taken.
struct AcceptedVersion {
  std::string channel;
  std::chrono::system_clock::time_point released;
  std::chrono::system_clock::time_point accepted;  // by this host's clock
  std::vector<std::string> signers;
  bool operator==(const AcceptedVersion&) const = default;
};

struct Accepted {
  // Name and channel -> when the newest release of them was made.
  std::map<std::pair<std::string, std::string>, std::chrono::system_clock::time_point> newest;
  // Name and manifest -> of each version that the host may still have.
  std::map<std::pair<std::string, base::Sha256>, AcceptedVersion> versions;
  bool operator==(const Accepted&) const = default;

  std::string Serialize() const;
  // Throws Error{kVerification}: what is not read must not let an old release through.
  static Accepted Parse(const std::string& text, const std::string& name_of_file);

  const AcceptedVersion* Find(const std::string& name, const base::Sha256& manifest_sha256) const;
};

std::string AcceptedFile(const images::HostLayout& layout);
// Throws Error{kVerification} where it is missing, too.
Accepted ReadAccepted(const images::HostLayout& layout);
// Whether there is no such file, or one that can be read and is none. Throws where nobody can tell,
// and Error{kVerification} where a newer version wrote it.
bool IsAcceptedLost(const images::HostLayout& layout);
// Durable. Versions that are no longer there are left out, unless they are of `coming`.
// The caller holds the host's lock.
void StoreAccepted(const images::HostLayout& layout, Accepted accepted,
                   const std::map<std::string, base::Sha256>& coming);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_TRUST_ACCEPTED_H_
