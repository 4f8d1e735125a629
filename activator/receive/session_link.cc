#include "activator/receive/session_link.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/file.h"
#include "base/printable.h"
#include "images/label.h"
#include "images/name.h"
#include "images/release/release.h"

namespace activator {
namespace {

enum class Kind : uint8_t { kRelease = 1, kVersion = 2, kEnd = 3, kGaveUp = 4, kAnswer = 5 };

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxMessageBytes = 2000;
constexpr time_t kToListenSeconds = 10;

// What every packet begins with; `text_bytes` follow.
struct Head {
  Kind kind = Kind::kEnd;
  uint8_t held = 0;
  uint8_t code = 0;
  uint8_t name_bytes = 0;
  std::array<char, kMaxNameBytes> name{};
  std::array<uint8_t, 32> digest{};
  uint32_t text_bytes = 0;
};

struct Packet {
  Head head;
  std::string text;
};

Head HeadOf(Kind kind, const std::string& name, const base::Sha256& digest) {
  Head out;
  out.kind = kind;
  out.name_bytes = static_cast<uint8_t>(std::min(name.size(), kMaxNameBytes));
  std::copy_n(name.begin(), out.name_bytes, out.name.begin());
  out.digest = digest.bytes;
  return out;
}

void Send(int fd, Head head, std::string_view text) {
  head.text_bytes = static_cast<uint32_t>(text.size());
  std::string packet(sizeof(head), '\0');
  std::memcpy(packet.data(), &head, sizeof(head));
  packet += text;
  ssize_t sent = 0;
  do {
    sent = ::write(fd, packet.data(), packet.size());
  } while (sent < 0 && errno == EINTR);
  if (sent != static_cast<ssize_t>(packet.size())) {
    base::FailErrno(errno, "the other process of this push does not listen");
  }
}

[[noreturn]] void FailStrange() {
  base::Fail(base::ExitCode::kVerification, "the process that receives says what it must not");
}

// nullopt at the end.
std::optional<Packet> Receive(int fd) {
  std::vector<char> buffer(sizeof(Head) + images::kMaxReleaseBytes + 1);
  ssize_t got = 0;
  do {
    got = ::read(fd, buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    base::FailErrno(errno, "the other process of this push is lost");
  }
  if (got == 0) {
    return std::nullopt;
  }
  Packet out;
  if (static_cast<size_t>(got) < sizeof(Head)) {
    FailStrange();
  }
  std::memcpy(&out.head, buffer.data(), sizeof(Head));
  const size_t text_bytes = static_cast<size_t>(got) - sizeof(Head);
  if (out.head.text_bytes != text_bytes || out.head.name_bytes > kMaxNameBytes) {
    FailStrange();
  }
  out.text.assign(buffer.data() + sizeof(Head), text_bytes);
  return out;
}

std::string NameOf(const Head& head) {
  std::string out(head.name.data(), head.name_bytes);
  if (!images::IsName(out)) {
    FailStrange();
  }
  return out;
}

base::ExitCode CodeOf(const Head& head) {
  constexpr auto kLast = static_cast<uint8_t>(base::ExitCode::kStale);
  return head.code == 0 || head.code > kLast ? base::ExitCode::kFailed
                                             : static_cast<base::ExitCode>(head.code);
}

}  // namespace

SessionLinkEnds::SessionLinkEnds() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    base::FailErrno(errno, "cannot make a socket");
  }
  inner = base::UniqueFd(fds[0]);
  outer = base::UniqueFd(fds[1]);
  const timeval patience{kToListenSeconds, 0};  // the process that is shut in may not listen
  if (::setsockopt(outer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0) {
    base::FailErrno(errno, "cannot set up a socket");
  }
}

void InnerLink::CheckRelease(const ReleaseToCheck& release) const {
  Send(fd_, HeadOf(Kind::kRelease, release.name, release.manifest_sha256), release.text);
  const std::optional<Packet> answer = Receive(fd_);
  if (!answer || answer->head.kind != Kind::kAnswer) {
    base::Fail(base::ExitCode::kFailed, "the process that checks releases is gone");
  }
  if (answer->head.code != 0) {
    throw base::Error(CodeOf(answer->head), answer->text);
  }
}

void InnerLink::HandOver(const std::vector<HandedOver>& versions) const {
  for (const HandedOver& version : versions) {
    Head head = HeadOf(Kind::kVersion, version.name, version.manifest_sha256);
    head.held = version.held ? 1 : 0;
    Send(fd_, head, version.label);
  }
  Send(fd_, HeadOf(Kind::kEnd, "", {}), "");
}

void InnerLink::GiveUp(const base::Error& error) const {
  Head head = HeadOf(Kind::kGaveUp, "", {});
  head.code = static_cast<uint8_t>(error.code());
  Send(fd_, head, base::Printable(error.what(), kMaxMessageBytes));
}

std::optional<SessionMessage> OuterLink::Receive() const {
  const std::optional<Packet> packet = activator::Receive(fd_);
  if (!packet) {
    return std::nullopt;
  }
  const Head& head = packet->head;
  switch (head.kind) {
    case Kind::kRelease:
      return ReleaseToCheck{NameOf(head), {head.digest}, packet->text};
    case Kind::kVersion:
      if (head.held > 1 || (!packet->text.empty() && !images::LabelProblem(packet->text).empty())) {
        FailStrange();
      }
      return HandedOver{NameOf(head), {head.digest}, packet->text, head.held == 1};
    case Kind::kEnd:
      return NoMoreVersions{};
    case Kind::kGaveUp:
      return GaveUp{CodeOf(head), base::Printable(packet->text, kMaxMessageBytes)};
    default:
      FailStrange();
  }
}

void OuterLink::Answer(const std::optional<base::Error>& refusal) const {
  Head head = HeadOf(Kind::kAnswer, "", {});
  head.code = refusal ? static_cast<uint8_t>(refusal->code()) : 0;
  Send(fd_, head,
       refusal ? std::string_view(refusal->what()).substr(0, images::kMaxReleaseBytes) : "");
}

}  // namespace activator
