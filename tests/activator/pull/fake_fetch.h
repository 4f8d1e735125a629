// A fetch with its store in memory, at the other end of a socket pair. What it plays is a real push
// by a real sender. Between it and the host is a line that can be cut, blocked or garbled.
#ifndef SLIPWAY_TESTS_ACTIVATOR_PULL_FAKE_FETCH_H_
#define SLIPWAY_TESTS_ACTIVATOR_PULL_FAKE_FETCH_H_

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "images/version/image_directory.h"
#include "pusher/protocol/fetch_link.h"
#include "pusher/protocol/protocol.h"
#include "pusher/session/push_session.h"
#include "tests/pusher/protocol/pipe.h"

namespace tests {

enum class LineFault { kNone, kCut, kBlock, kGarble };

// Hands bytes on both ways until one side ends.
class Line {
 public:
  // `fault` happens to byte `at` of those that go from `from` to `to`.
  Line(base::UniqueFd from, base::UniqueFd to, LineFault fault, uint64_t at)
      : from_(std::move(from)),
        to_(std::move(to)),
        fault_(fault),
        at_(at),
        forth_([this] { Forth(); }),
        back_([this] { Copy(to_.get(), from_.get()); }) {}
  ~Line() { Join(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // The bytes that passed.
  uint64_t Join() {
    for (std::thread* thread : {&forth_, &back_}) {
      if (thread->joinable()) {
        thread->join();
      }
    }
    return passed_;
  }

 private:
  static bool Pass(int to, const char* data, size_t size) {
    while (size > 0) {
      const ssize_t count = ::send(to, data, size, MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      data += count;
      size -= static_cast<size_t>(count);
    }
    return true;
  }
  void Forth() {
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::read(from_.get(), part.data(), part.size())) > 0;) {
      const auto count = static_cast<size_t>(got);
      const bool is_here = fault_ != LineFault::kNone && passed_ <= at_ && at_ < passed_ + count;
      if (is_here && fault_ == LineFault::kGarble) {
        part[at_ - passed_] ^= 1;
      } else if (is_here) {
        Pass(to_.get(), part.data(), at_ - passed_);
        if (fault_ == LineFault::kBlock) {  // nothing more until the other side has had enough
          pollfd other{to_.get(), 0, 0};
          while (::poll(&other, 1, 1000) == 0) {
          }
        }
        break;
      }
      passed_ += count;
      if (!Pass(to_.get(), part.data(), count)) {
        break;
      }
    }
    End();
  }
  void Copy(int from, int to) {
    std::array<char, 4096> part{};
    for (ssize_t count = 0; (count = ::read(from, part.data(), part.size())) > 0;) {
      if (!Pass(to, part.data(), static_cast<size_t>(count))) {
        break;
      }
    }
    if (fault_ != LineFault::kBlock) {
      End();
    } else {
      ::shutdown(to, SHUT_RDWR);
      ::shutdown(from, SHUT_RDWR);
    }
  }
  void End() {
    ::shutdown(from_.get(), SHUT_RDWR);
    ::shutdown(to_.get(), SHUT_RDWR);
  }

  const base::UniqueFd from_;
  const base::UniqueFd to_;
  const LineFault fault_;
  const uint64_t at_;
  uint64_t passed_ = 0;
  std::thread forth_;
  std::thread back_;
};

class FakeFetch {
 public:
  std::map<std::string, std::string> objects;
  std::vector<std::string> built;                     // directories that it can play
  std::optional<int64_t> clock_offset = 0;            // seconds
  std::string play_instead;                           // a directory, whatever is asked for
  std::function<void(const std::string& op)> before;  // each request; may throw Error
  LineFault fault = LineFault::kNone;
  uint64_t fault_at = 0;
  std::vector<std::string> asked;  // "get KEY", "put KEY", "play web db", "traffic"
  uint64_t passed = 0;             // bytes to the host

  ~FakeFetch() { Wait(); }

  base::UniqueFd Connect() {
    SocketPair host;
    SocketPair own;
    threads_.emplace_back(
        [this, to = std::move(host.b), from = std::move(own.a), mine = std::move(own.b)]() mutable {
          Line line(std::move(from), std::move(to), fault,
                    fault_at >= passed ? fault_at - passed : kFar);
          try {
            Serve(mine.get());
          } catch (const base::Error&) {  // the host is told, or gone
          }
          mine.Reset();
          passed += line.Join();
        });
    return std::move(host.a);
  }
  void Wait() {
    for (std::thread& thread : threads_) {
      thread.join();
    }
    threads_.clear();
  }
  bool WasAsked(const std::string& what) const {
    return std::find(asked.begin(), asked.end(), what) != asked.end();
  }

 private:
  static constexpr uint64_t kFar = std::numeric_limits<uint64_t>::max();

  void Serve(int fd) {
    pusher::StreamOptions options;
    options.peer = "the host";
    options.read_while_writing = true;
    pusher::Stream stream(fd, fd, options);
    pusher::Wire wire(stream);
    uint64_t requests = 0;
    while (auto message = pusher::ExpectOrEnd(wire, pusher::MessageType::kFetchRequest)) {
      try {
        Answer(wire, pusher::ParseFetchRequest(message->text(), "the host"), ++requests);
      } catch (const base::Error& error) {
        pusher::SendText(wire, pusher::MessageType::kFailure,
                         pusher::Failure{error.code(), error.what()}.Serialize());
      }
      wire.Flush();
    }
  }
  void Note(const std::string& what) {
    asked.push_back(what);
    if (before) {
      before(what);
    }
  }
  void Answer(pusher::Wire& wire, const pusher::FetchRequest& request, uint64_t requests) {
    pusher::FetchAnswer answer;
    answer.requests = requests;
    answer.bytes = wire.sent_bytes();
    answer.clock_offset_seconds = clock_offset;
    if (const auto* get = std::get_if<pusher::GetObject>(&request)) {
      Note("get " + get->key);
      const auto found = objects.find(get->key);
      std::string content;
      if (found != objects.end()) {
        answer.version = base::Sha256Of(found->second).ToHex().substr(0, 8);
        answer.state = answer.version == get->known_version ? pusher::FetchState::kUnchanged
                                                            : pusher::FetchState::kHere;
        content = answer.state == pusher::FetchState::kHere ? found->second : "";
      }
      answer.size_bytes = content.size();
      pusher::SendText(wire, pusher::MessageType::kFetchAnswer, answer.Serialize());
      pusher::SendBlob(wire, content);
    } else if (const auto* put = std::get_if<pusher::PutObject>(&request)) {
      const std::string content = pusher::ReceiveBlob(wire, put->size_bytes);
      Note("put " + put->key);
      objects[put->key] = content;
      answer.state = pusher::FetchState::kHere;
      pusher::SendText(wire, pusher::MessageType::kFetchAnswer, answer.Serialize());
    } else if (std::holds_alternative<pusher::AskTraffic>(request)) {
      Note("traffic");
      pusher::SendText(wire, pusher::MessageType::kFetchAnswer, answer.Serialize());
    } else if (const auto* play = std::get_if<pusher::PlayPush>(&request)) {
      Play(wire, *play);
    }
  }
  void Play(pusher::Wire& wire, const pusher::PlayPush& play) {
    std::string what = "play";
    std::vector<images::ImageDirectory> images;
    for (const pusher::VersionDigest& version : play.versions) {
      what += " " + version.name;
      for (const std::string& path : built) {
        if (images::ImageDirectory image(path); image.stored().digest == version.manifest_sha256) {
          images.push_back(std::move(image));
        }
      }
    }
    Note(what);
    if (!play_instead.empty()) {
      images = {images::ImageDirectory(play_instead)};
    }
    base::Io io;
    io.err = -1;
    pusher::Push(wire, images, io);
  }

  std::vector<std::thread> threads_;
};

}  // namespace tests

#endif  // SLIPWAY_TESTS_ACTIVATOR_PULL_FAKE_FETCH_H_
