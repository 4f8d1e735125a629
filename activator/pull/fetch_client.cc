#include "activator/pull/fetch_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "pusher/protocol/protocol.h"

namespace activator {
namespace {

using pusher::MessageType;

pusher::StreamOptions OptionsOf(std::chrono::milliseconds idle_limit) {
  pusher::StreamOptions out;
  out.peer = "fetch";
  out.idle_limit = idle_limit;
  return out;
}

// What fetch was interrupted by is no interrupt of this pull.
bool IsOurInterrupt(const base::Error& error) {
  return error.code() == base::ExitCode::kInterrupted && base::Interrupted();
}

// What fetch says begins with its name. Otherwise it ended or is stuck, and perhaps never began.
std::string TextOf(const base::Error& error) {
  std::string out = error.what();
  if (error.code() == base::ExitCode::kUnreachable && !out.starts_with("fetch: ")) {
    out += ": journalctl -u 'slipway-fetch@*'";
  }
  return out;
}

}  // namespace

base::UniqueFd ConnectToFetch(const std::string& path) {
  base::UniqueFd out(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    base::Fail(base::ExitCode::kBusy, "{} is too long for a socket", path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (out.get() < 0 ||
      ::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    base::Fail(base::ExitCode::kBusy,
               "fetch is not reached at {} ({}): systemctl start slipway-fetch.socket", path,
               std::strerror(error));
  }
  return out;
}

// Whatever it is, it is fetch's or the store's, and the next poll tries again.
template <typename Work>
auto FetchClient::Asking(const Work& work) {
  try {
    return work();
  } catch (const base::Error& error) {
    if (IsOurInterrupt(error)) {
      throw;
    }
    is_unreachable_ = error.code() == base::ExitCode::kUnreachable;
    throw base::Error(base::ExitCode::kBusy, TextOf(error));
  }
}

FetchClient::FetchClient(base::UniqueFd socket, const PullConfig& config,
                         std::chrono::milliseconds idle_limit)
    : socket_(std::move(socket)),
      stream_(socket_.get(), socket_.get(), OptionsOf(idle_limit)),
      wire_(stream_) {
  Asking([&] {
    Ask(pusher::OpenStore{config.store, config.endpoint, config.region, config.ca_file});
  });
}

void FetchClient::Ask(const pusher::FetchRequest& request) {
  pusher::SendText(wire_, MessageType::kFetchRequest, pusher::Serialize(request));
}

pusher::FetchAnswer FetchClient::Answer() {
  pusher::FetchAnswer out = pusher::FetchAnswer::Parse(
      pusher::Expect(wire_, MessageType::kFetchAnswer).text(), wire_.peer());
  traffic_ = {out.requests, out.bytes};
  if (out.clock_offset_seconds) {
    clock_offset_ = std::chrono::seconds(*out.clock_offset_seconds);
  }
  return out;
}

FetchClient::Object FetchClient::Get(const std::string& key, uint64_t max_bytes,
                                     const std::string& known_version) {
  return Asking([&] {
    Ask(pusher::GetObject{key, max_bytes, known_version});
    const pusher::FetchAnswer answer = Answer();
    if (answer.size_bytes > max_bytes ||
        (answer.state != pusher::FetchState::kHere && answer.size_bytes > 0)) {
      base::Fail(base::ExitCode::kFailed, "fetch broke the protocol: {} bytes come for {}",
                 answer.size_bytes, key);
    }
    return Object{answer.state, answer.version, pusher::ReceiveBlob(wire_, answer.size_bytes)};
  });
}

void FetchClient::Put(const std::string& key, const std::string& content) {
  Asking([&] {
    Ask(pusher::PutObject{key, content.size()});
    pusher::SendBlob(wire_, content);
    if (Answer().state != pusher::FetchState::kHere) {
      base::Fail(base::ExitCode::kFailed, "fetch broke the protocol: {} was not put", key);
    }
  });
}

void FetchClient::Play(const std::vector<pusher::VersionDigest>& versions,
                       const std::function<void(pusher::Wire& wire)>& receive) {
  Asking([&] { Ask(pusher::PlayPush{versions}); });
  try {
    receive(wire_);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kUnreachable ||
        (error.code() == base::ExitCode::kInterrupted && !IsOurInterrupt(error))) {
      throw base::Error(base::ExitCode::kBusy, TextOf(error));
    }
    throw;
  }
}

void FetchClient::UpdateTraffic() {
  Asking([&] {
    Ask(pusher::AskTraffic{});
    Answer();
  });
}

}  // namespace activator
