// Between the two processes of a push by a gate: the one that is shut in asks the other to check
// releases, and hands over what it verified. Each message is one packet of one fixed form; the
// other side takes nothing in it for true.
#ifndef SLIPWAY_ACTIVATOR_RECEIVE_SESSION_LINK_H_
#define SLIPWAY_ACTIVATOR_RECEIVE_SESSION_LINK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "activator/receive/receive_session.h"
#include "base/error.h"
#include "base/unique_fd.h"

namespace activator {

struct ReleaseToCheck {
  std::string name;
  base::Sha256 manifest_sha256;
  std::string text;
};
struct NoMoreVersions {};
// What the process died of, in its own words.
struct GaveUp {
  base::ExitCode code = base::ExitCode::kFailed;
  std::string message;
};
using SessionMessage = std::variant<ReleaseToCheck, HandedOver, NoMoreVersions, GaveUp>;

// Two ends of a new link.
struct SessionLinkEnds {
  base::UniqueFd inner;
  base::UniqueFd outer;
  SessionLinkEnds();
};

// Of the process that is shut in. All throw Error{kFailed} where nobody is at the other end.
class InnerLink {
 public:
  explicit InnerLink(int fd) : fd_(fd) {}
  // Throws what the other process threw.
  void CheckRelease(const ReleaseToCheck& release) const;
  void HandOver(const std::vector<HandedOver>& versions) const;
  void GiveUp(const base::Error& error) const;

 private:
  const int fd_;
};

class OuterLink {
 public:
  explicit OuterLink(int fd) : fd_(fd) {}
  // nullopt at the end. Throws Error{kVerification} for what is no message.
  std::optional<SessionMessage> Receive() const;
  // nullopt: the release is taken.
  void Answer(const std::optional<base::Error>& refusal) const;

 private:
  const int fd_;
};

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_RECEIVE_SESSION_LINK_H_
