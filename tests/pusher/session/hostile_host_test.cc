// A host that says anything at all, to a real sender.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <array>
#include <csignal>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "pusher/session/push_session.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

using testing::HasSubstr;

constexpr size_t kChunks = 3;

class HostileHostTest : public testing::Test {
 protected:
  using Say = std::function<void(Wire& wire)>;

  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    tests::WriteImage(directory_.path() + "/built", {"app", "1", {"one", "two", "three"}, "", {}});
    images_.emplace_back(base::RealPath(directory_.path() + "/built/app/latest"));
  }

  // What the sender fails with where the host does `say` and ends.
  std::string FailureOf(const Say& say, bool plan = false,
                        std::chrono::milliseconds drip_limit = std::chrono::minutes(5)) {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    base::UniqueFd ours(pair[0]);
    host_fd_ = pair[1];
    std::thread host([&, fd = base::UniqueFd(pair[1])] {
      StreamOptions options;
      options.peer = "the sender";
      Stream stream(fd.get(), fd.get(), options);
      Wire wire(stream);
      try {
        say(wire);
        wire.Flush();
        while (wire.Receive()) {
        }
      } catch (const base::Error&) {  // the sender has gone
      }
    });
    std::string out;
    {
      StreamOptions options;
      options.peer = "web1";
      options.read_while_writing = true;
      options.drip_limit = drip_limit;
      Stream stream(ours.get(), ours.get(), options);
      Wire wire(stream);
      PushSession session(wire, images_, {});
      try {
        plan ? static_cast<void>(session.Plan({})) : static_cast<void>(session.Push({}));
      } catch (const base::Error& error) {
        out = error.what();
      }
      ::shutdown(ours.get(), SHUT_RDWR);
      ours.Reset();
    }
    host.join();
    return out;
  }

  static Hello SomeHello() {
    Hello hello;
    hello.agent_version = "1";
    hello.mounts = false;
    return hello;
  }
  static void Greet(Wire& wire) { SendText(wire, MessageType::kHello, SomeHello().Serialize()); }
  // Greets and takes the offer with its texts.
  static void TakeOffer(Wire& wire) {
    Greet(wire);
    Expect(wire, MessageType::kBegin);
    const Offer offer = Offer::Parse(Expect(wire, MessageType::kOffer).text(), "sender");
    ReceiveMetadata(wire, offer, "");
  }
  static void Ask(Wire& wire, uint64_t total, uint64_t missing, const std::vector<bool>& bits) {
    SendText(wire, MessageType::kNeed, Need{total, missing, 1}.Serialize());
    wire.Send(static_cast<uint8_t>(MessageType::kMissing), PackBits(bits));
  }
  static void AskForAll(Wire& wire) {
    TakeOffer(wire);
    Ask(wire, kChunks, kChunks, std::vector<bool>(kChunks, true));
  }
  static void TakeChunks(Wire& wire) {
    for (size_t i = 0; i < kChunks; ++i) {
      Expect(wire, MessageType::kChunk);
    }
    Expect(wire, MessageType::kSent);
  }

  base::TemporaryDirectory directory_{"/tmp", "hostile-host-"};
  std::vector<images::ImageDirectory> images_;
  int host_fd_ = -1;  // of the host that speaks
};

TEST_F(HostileHostTest, AGreetingWithSizesThatNobodyHas) {
  const auto with = [](const std::string& field, const std::string& value) {
    return [=](Wire& wire) {
      std::string text = SomeHello().Serialize();
      const std::string old = "\"" + field + "\":0";
      text.replace(text.find(old), old.size(), "\"" + field + "\":" + value);
      SendText(wire, MessageType::kHello, text);
    };
  };
  for (const char* value : {"9223372036854775808", "18446744073709551616", "-1", "1e30", "\"x\""}) {
    EXPECT_THAT(FailureOf(with("free_bytes", value)), HasSubstr("free_bytes")) << value;
    EXPECT_THAT(FailureOf(with("active_generation", value)), HasSubstr("active_generation"));
  }
}

TEST_F(HostileHostTest, AHeldVersionWithAPathForAName) {
  for (const char* name : {"../app", "a/b", "/etc", "", ".", "..", "a\nb"}) {
    EXPECT_THAT(FailureOf([&](Wire& wire) {
                  Hello hello = SomeHello();
                  hello.held.push_back({name, base::Sha256Of("x")});
                  SendText(wire, MessageType::kHello, hello.Serialize());
                }),
                HasSubstr("name"))
        << name;
  }
}

TEST_F(HostileHostTest, MoreHeldVersionsWithoutEnd) {
  Hello hello = SomeHello();
  hello.more_held = true;
  EXPECT_THAT(FailureOf([&](Wire& wire) {
                SendText(wire, MessageType::kHello, hello.Serialize());
                SendText(wire, MessageType::kHeld, Held{{}, true}.Serialize());
              }),
              HasSubstr("expected at least one"));
  const std::string many =
      Held{std::vector<VersionDigest>(5000, {"a", base::Sha256Of("x")}), true}.Serialize();
  EXPECT_THAT(FailureOf([&](Wire& wire) {
                SendText(wire, MessageType::kHello, hello.Serialize());
                for (;;) {
                  SendText(wire, MessageType::kHeld, many);
                }
              }),
              HasSubstr("it greets with more than 1000000 versions"));
}

TEST_F(HostileHostTest, ChunksThatThereAreNot) {
  EXPECT_THAT(FailureOf([](Wire& wire) {
                TakeOffer(wire);
                Ask(wire, kChunks, 4, std::vector<bool>(4, true));
              }),
              HasSubstr("web1"));
  EXPECT_THAT(FailureOf([](Wire& wire) {
                TakeOffer(wire);
                Ask(wire, kChunks, kChunks, std::vector<bool>(4, true));
              }),
              HasSubstr("it asks for chunk 3 of 3"));
  EXPECT_THAT(FailureOf([](Wire& wire) {
                TakeOffer(wire);
                Ask(wire, kChunks, kChunks, std::vector<bool>(1'000'000, true));
              }),
              HasSubstr("125000 bytes of flags for 3 chunks"));
  EXPECT_THAT(FailureOf([](Wire& wire) {
                TakeOffer(wire);
                Ask(wire, kChunks, 1, std::vector<bool>(kChunks, true));
              }),
              HasSubstr("it counts other chunks than it asks for"));
}

TEST_F(HostileHostTest, MoreOfWhatCameAsItIs) {
  for (const std::string name : {"app", "other", "../app"}) {
    EXPECT_THAT(FailureOf([&](Wire& wire) {
                  AskForAll(wire);
                  TakeChunks(wire);
                  Expect(wire, MessageType::kCommit);
                  SendText(wire, MessageType::kAgain, Retransmit{{name}}.Serialize());
                }),
                HasSubstr("it asks for " + name + " again"));
  }
}

TEST_F(HostileHostTest, AnotherMessageThanIsDue) {
  for (const MessageType type : {MessageType::kStaged, MessageType::kPlanned, MessageType::kChunk,
                                 MessageType::kBlob, MessageType{200}}) {
    for (const Say& before : {Say([](Wire&) {}), Say(&TakeOffer)}) {
      EXPECT_THAT(FailureOf([&](Wire& wire) {
                    before(wire);
                    SendEmpty(wire, type);
                  }),
                  HasSubstr("web1 broke the protocol: message "));
    }
  }
}

TEST_F(HostileHostTest, AResultThatIsNone) {
  for (const char* text :
       {"", "{", "[]", "{\"generation\":0}", "{\"generation\":9223372036854775808}",
        "{\"generation\":1,\"more\":1}"}) {
    EXPECT_THAT(FailureOf([&](Wire& wire) {
                  AskForAll(wire);
                  TakeChunks(wire);
                  SendText(wire, MessageType::kStaged, text);
                }),
                HasSubstr("the result of web1"))
        << text;
  }
}

TEST_F(HostileHostTest, APlanOfAnotherLengthOrNone) {
  const auto plan = [&](const std::string& head, const std::string& text) {
    return FailureOf(
        [&](Wire& wire) {
          AskForAll(wire);
          SendText(wire, MessageType::kPlanned, head);
          SendBlob(wire, text);
        },
        true);
  };
  EXPECT_THAT(plan("{\"bytes\":9223372036854775808}", ""), HasSubstr("bytes"));
  EXPECT_THAT(plan("{\"bytes\":8388609}", ""), HasSubstr("bytes"));
  EXPECT_THAT(plan("{\"bytes\":2}", "{} "), HasSubstr("not as long as announced"));
  EXPECT_THAT(plan("{\"bytes\":2}", "{}"), HasSubstr("the plan of web1"));
  EXPECT_THAT(plan("{\"bytes\":3}", "[[["), HasSubstr("the plan of web1"));
  const std::string none = Planned().Serialize();
  EXPECT_THAT(plan("{\"bytes\":" + std::to_string(none.size()) + "}", none),
              HasSubstr("its plan says nothing of app"));
}

TEST_F(HostileHostTest, APlanCannotSteerTheTerminalNorNameAPath) {
  Planned planned;
  planned.restart = {"a\x1b[2Jb"};
  planned.images = {
      {"app", "12\n", "1\r", {{images::PackageChange::Kind::kChanged, "p\a", "1\x7f", "2", 0, 0}}}};
  const Planned read = Planned::Parse(planned.Serialize(), "web1");
  EXPECT_EQ(read.restart.at(0), "a [2Jb");
  EXPECT_EQ(read.images.at(0).old_id, "12 ");
  EXPECT_EQ(read.images.at(0).old_version, "1 ");
  EXPECT_EQ(read.images.at(0).packages.at(0).name, "p ");
  EXPECT_EQ(read.images.at(0).packages.at(0).from, "1 ");
  planned.images[0].name = "../app";
  EXPECT_THROW(Planned::Parse(planned.Serialize(), "web1"), base::Error);
}

// Each in place of an answer.
TEST_F(HostileHostTest, AnEndlessStreamOfHeartbeats) {
  EXPECT_THAT(FailureOf([](Wire& wire) {
                Greet(wire);
                for (;;) {
                  SendEmpty(wire, MessageType::kHeartbeat);
                }
              }),
              HasSubstr("nothing but heartbeats"));
}

TEST_F(HostileHostTest, AByteNowAndThen) {
  EXPECT_THAT(FailureOf(
                  [](Wire& wire) {
                    Greet(wire);
                    wire.Flush();
                    const uint8_t zero = 0;
                    for (const uint8_t length : {uint8_t{0xff}, uint8_t{0xff}}) {
                      wire.stream().Write({&length, 1});
                    }
                    for (;;) {
                      wire.stream().Write({&zero, 1});
                      wire.stream().Flush();
                      std::this_thread::sleep_for(std::chrono::milliseconds(10));
                    }
                  },
                  false, std::chrono::milliseconds(300)),
              HasSubstr("sends a byte now and then"));
}

// It reads no more, so that the sender waits for its last words.
TEST_F(HostileHostTest, LastWordsWithoutEnd) {
  for (const MessageType type : {MessageType::kStaged, MessageType::kHeartbeat}) {
    EXPECT_THAT(FailureOf([&](Wire& wire) {
                  ::shutdown(host_fd_, SHUT_RD);
                  Greet(wire);
                  for (;;) {
                    SendEmpty(wire, type);
                    wire.Flush();
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
                  }
                }),
                HasSubstr("web1 ended the connection"));
  }
}

}  // namespace
}  // namespace pusher
