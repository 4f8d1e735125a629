// A channel that was published into a folder, `fetch` on what serves it, and a real `activate
// receive` that takes what it plays.
#ifndef TESTS_FETCHER_FETCH_SCENE_H_
#define TESTS_FETCHER_FETCH_SCENE_H_

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fetcher/fetch_service.h"
#include "pusher/protocol/fetch_link.h"
#include "pusher/protocol/recorded_delta.h"
#include "pusher/publish/delta_publisher.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/pusher/publish/publish_scene.h"

namespace fetcher {

using pusher::VersionDigest;

struct Played {
  int host_code = 0;  // of activate receive
  std::string host_err;
  base::ExitCode fetch_code{};  // of fetch; 0: none
  std::string fetch_err;
  uint64_t requests = 0;
  uint64_t bytes = 0;
  long fetch_kib = 0;  // peak memory, of the program alone
  bool IsGood() const { return host_code == 0 && fetch_code == base::ExitCode(); }
};

// What a fetch is to do, and with which store.
struct PlayOrder {
  std::string location;
  std::vector<VersionDigest> versions;
  store::Options options{};            // of a fetch in the test's process
  std::vector<std::string> program{};  // of one that is not: its words
  std::string ca_file{};
  std::string host = "host";
};

class FetchTest : public pusher::PublishTest {
 protected:
  FetchTest() { ::unsetenv("CREDENTIALS_DIRECTORY"); }

  // An image of `chunks` chunks of text that compresses a little, three of which are `version`'s.
  pusher::ImageUpload BuildText(const std::string& version, size_t chunks = 8,
                                const std::string& name = "app") const {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    for (uint64_t i = 0; i < chunks; ++i) {
      std::string content = tests::NoiseBytes(i, 60'000);
      if (i < 3) {
        content.replace(30'000, 20, "another text of v" + version);
      }
      image.chunks.push_back(content);
    }
    const std::string path = tests::WriteImage(At("images"), image);
    base::WriteFileAtomically(path + "/release", ReleaseOf(path));
    return pusher::ImageUpload(images::ImageDirectory(path));
  }
  void PublishAll(store::Store& store, const std::vector<pusher::ImageUpload>& images) const {
    pusher::ChannelObjects objects(store, pusher::JudgeNothing());
    pusher::DeltaPublisher deltas(objects, 5, {});
    pusher::ChannelChange change = ChangeTo(images);
    change.put_more = [&](const std::optional<pusher::StoredHead>& current) {
      return deltas.Put(change.images, current);
    };
    Publish(store, change);
  }
  static VersionDigest DigestOf(const pusher::ImageUpload& image) {
    return {image.name(), image.image().stored().digest};
  }
  static std::string KeyOf(const pusher::ImageUpload& image, const char* file) {
    return images::ImageFileKey(image.name(), image.image().id(), file);
  }
  static std::string DeltaKeyOf(const pusher::ImageUpload& image, const pusher::ImageUpload& old) {
    return images::DeltaKey(image.name(), image.image().id(), old.image().id());
  }
  void Trust(const std::string& host, const std::vector<std::string>& names) const {
    const images::TrustTexts trust = TrustIn(names);
    Put(host + "/trust/signers", trust.signers);
    Put(host + "/trust/revoked", trust.revoked);
    Put(host + "/trust/policy.json", trust.policy);
    Put(host + "/trust/accepted.json", R"({"format":1,"newest":[],"versions":[]})");
  }
  // One that `pull_agent` pulls as.
  void MakeHost(const std::string& host, const std::string& location,
                const std::string& channel) const {
    Trust(host, {"alice"});
    Put(host + "/pull/config.json",
        R"({"format":1,"store":")" + location + R"(","endpoint":"","region":"","ca_file":"",)" +
            R"("host":")" + host + R"(","groups":[],"channels":[")" + channel +
            R"("],"every":"hourly","random_delay_seconds":0})");
  }
  // What was staged on it, a line for each generation.
  std::string Staged(const std::string& host = "host") const {
    return Get(host + "/generations/log");
  }
  bool HasImage(const pusher::ImageUpload& image, const std::string& host = "host") const {
    return base::ReadFileIfThere(At(host + "/" + image.name() + "/" + image.image().id().text() +
                                    "/image.erofs")) == base::ReadFile(image.image().image_path());
  }
  // One byte of it is another one.
  static void Damage(store::Store& store, const std::string& key, size_t at) {
    std::string bytes = store.Get(key, uint64_t{1} << 30).body;
    bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
    store.Put(key, store::Content::Text(bytes));
  }

  // The recording `right`, with right frames, of which `alter` has changed the payload.
  static std::string Altered(
      const std::string& right,
      const std::function<void(pusher::MessageType type, std::vector<uint8_t>& payload)>& alter) {
    pusher::RecordedDeltaReader reader(
        [&right, at = size_t{0}](std::span<uint8_t> out) mutable {
          const size_t bytes = std::min(out.size(), right.size() - at);
          std::copy_n(right.begin() + static_cast<std::ptrdiff_t>(at), bytes, out.begin());
          at += bytes;
          return bytes;
        },
        "recorded");
    std::string out = reader.header().Serialize();
    const auto add = [&](uint8_t type, base::Bytes payload) {
      out += base::AsText(pusher::FrameHeaderOf(type, payload));
      out += base::AsText(payload);
    };
    add(static_cast<uint8_t>(pusher::MessageType::kOffer),
        base::AsBytes(reader.offer().Serialize()));
    while (std::optional<pusher::Frame> frame = reader.Next()) {
      alter(static_cast<pusher::MessageType>(frame->type), frame->payload);
      add(frame->type, frame->payload);
    }
    return out;
  }

  // As `activate pull` does: names the store, asks for the versions, and lets a host take them.
  Played Play(const PlayOrder& order) const {
    tests::SocketPair pair;
    Played out;
    std::thread in_process;
    pid_t program = -1;
    if (order.program.empty()) {
      in_process = std::thread([&] { ServeHere(pair.b.get(), order.options, out); });
    } else {
      program = Start(order.program, pair.b.get(), At("fetch.err"));
      started_ = program;
      pair.b.Reset();
    }
    {
      pusher::Stream stream(pair.a.get(), pair.a.get(), {"fetch"});
      pusher::Wire wire(stream);
      Ask(wire, pusher::OpenStore{order.location, "", "", order.ca_file});
      Ask(wire, pusher::PlayPush{order.versions});
      wire.Flush();
    }
    ::fcntl(pair.a.get(), F_SETFL, ::fcntl(pair.a.get(), F_GETFL) & ~O_NONBLOCK);
    const pid_t host =
        Start({TEST_AGENT, "receive", "--root", At(order.host), "--by", "channel web", "--dir"},
              pair.a.get(), At("host.err"));
    out.host_code = EndOf(host);
    out.host_err = Get("host.err");
    if (out.host_code == 0) {
      AskForTraffic(pair.a.get(), out);
    }
    out.fetch_kib = KibOf(program);
    pair.a.Reset();
    if (in_process.joinable()) {
      in_process.join();
    } else {
      out.fetch_code = static_cast<base::ExitCode>(EndOf(program));
      out.fetch_err = Get("fetch.err");
    }
    return out;
  }

  static void Ask(pusher::Wire& wire, const pusher::FetchRequest& request) {
    pusher::SendText(wire, pusher::MessageType::kFetchRequest, pusher::Serialize(request));
  }

  // `fd` is its standard input and output.
  static pid_t Start(std::vector<std::string> words, int fd, const std::string& err) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    const pid_t out = ::fork();
    if (out == 0) {
      ::dup2(fd, 0);
      ::dup2(fd, 1);
      ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    return out;
  }
  static int EndOf(pid_t pid) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  mutable std::atomic<pid_t> started_ = -1;  // the fetch that runs

 private:
  static void ServeHere(int fd, const store::Options& options, Played& out) {
    pusher::StreamOptions stream_options;
    stream_options.peer = "activate";
    stream_options.read_while_writing = true;
    pusher::Stream stream(fd, fd, stream_options);
    pusher::Wire wire(stream);
    try {
      FetchService(wire, options).Run();
    } catch (const base::Error& error) {
      out.fetch_code = error.code();
      out.fetch_err = error.what();
    }
    ::shutdown(fd, SHUT_RDWR);
  }
  // Where the fetch has not met with an accident since.
  static void AskForTraffic(int fd, Played& out) {
    pusher::Stream stream(fd, fd, {"fetch"});
    pusher::Wire wire(stream);
    try {
      Ask(wire, pusher::AskTraffic{});
      const pusher::FetchAnswer answer = pusher::FetchAnswer::Parse(
          pusher::Expect(wire, pusher::MessageType::kFetchAnswer).text(), "fetch");
      out.requests = answer.requests;
      out.bytes = answer.bytes;
    } catch (const base::Error&) {
    }
  }
  // The peak so far. Not what wait4 says, which has this process's from before exec, too.
  static long KibOf(pid_t pid) {
    const std::string status =
        base::ReadFileIfThere("/proc/" + std::to_string(pid) + "/status").value_or("");
    const size_t at = status.find("VmHWM:");
    return at == std::string::npos ? 0 : std::stol(status.substr(at + 6));
  }
};

}  // namespace fetcher

#endif  // TESTS_FETCHER_FETCH_SCENE_H_
