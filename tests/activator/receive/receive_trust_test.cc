// A host that is told whom to trust: what the agent does before and after, and what it refuses.
#include "activator/receive/receive_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "activator/state/history.h"
#include "activator/trust/accepted.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/atomic_file.h"
#include "pusher/protocol/protocol.h"
#include "pusher/protocol/trust_files.h"
#include "tests/images/release/signing.h"
#include "tests/pusher/protocol/pipe.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

using testing::HasSubstr;

class ReceiveTrustTest : public tests::SigningTest {
 protected:
  ReceiveTrustTest() { base::MakeDirectories(layout_.root()); }

  // What the host then says that it trusts; `meanwhile` happens while somebody is asked.
  pusher::TrustFiles Tell(
      const images::TrustTexts& wanted, const std::function<void()>& meanwhile = [] {}) {
    tests::SocketPair pair;
    std::thread agent([&, fd = std::move(pair.b)] {
      base::Io io;
      io.in = io.out = fd.get();
      const TrustSteps steps{[](const images::HostLayout&) {},
                             [&](const images::HostLayout& layout) {
                               linked_ = true;
                               on_when_linked_ = base::Exists(layout.Trust());
                             }};
      try {
        RunReceiveTrust({layout_.root(), "alice", true}, steps, io);
      } catch (const base::Error&) {  // the sender is told
      }
    });
    pusher::TrustFiles out;
    std::optional<base::Error> thrown;
    try {
      pusher::StreamOptions stream_options;
      stream_options.read_while_writing = true;
      pusher::Stream stream(pair.a.get(), pair.a.get(), stream_options);
      pusher::Wire wire(stream);
      pusher::ReceiveTrust(wire);
      meanwhile();
      pusher::SendEmpty(wire, pusher::MessageType::kCommit);
      pusher::SendTrust(wire, {true, "", wanted});
      wire.Flush();
      out = pusher::ReceiveTrust(wire);
    } catch (const base::Error& error) {
      thrown = error;
    }
    pair.a.Reset();
    agent.join();
    if (thrown) {
      throw base::Error(*thrown);
    }
    return out;
  }
  Event Recorded() const {
    return LastEvent(layout_, [](const Event& event) { return event.event == "trust-set"; })
        .value_or(Event());
  }
  images::TrustTexts Now() const { return LoadTrust(layout_).value_or(HostTrust()).texts; }

  const images::HostLayout layout_{At("root")};
  bool linked_ = false;
  bool on_when_linked_ = false;
};

TEST_F(ReceiveTrustTest, TheHostsOwnAgentKnowsOfTrustBeforeItIsOn) {
  const images::TrustTexts wanted = TrustIn({"alice"});
  EXPECT_EQ(Tell(wanted).texts, wanted);
  EXPECT_EQ(Now(), wanted);
  EXPECT_TRUE(linked_);
  EXPECT_FALSE(on_when_linked_);
}

TEST_F(ReceiveTrustTest, TheRecordSaysWhichFiles) {
  const images::TrustTexts wanted = TrustIn({"alice"});
  Tell(wanted);
  EXPECT_EQ(Recorded().by, "alice");
  EXPECT_THAT(Recorded().reason, HasSubstr("signers " + base::Sha256Of(wanted.signers).ToHex()));
  EXPECT_THAT(Recorded().reason, testing::Not(HasSubstr("anew")));
  base::Unlink(AcceptedFile(layout_));
  Tell(wanted);
  EXPECT_THAT(Recorded().reason, HasSubstr("the order of releases begins anew"));
}

// By another admin, who has revoked a key, say.
TEST_F(ReceiveTrustTest, AChangeWhileSomebodyIsAskedIsNotUndone) {
  SetTrust(layout_, TrustIn({"alice"}));
  const images::TrustTexts others = TrustIn({"bob"});
  const base::Error error = tests::ErrorOf([&] {
    Tell(TrustIn({"alice", "eve"}), [&] { SetTrust(layout_, others); });
  });
  EXPECT_EQ(error.code(), base::ExitCode::kStale);
  EXPECT_THAT(error.what(), HasSubstr("run it again"));
  EXPECT_EQ(Now(), others);
  EXPECT_FALSE(linked_);
}

TEST_F(ReceiveTrustTest, NothingChangesWhereSshKeygenIsMissingOrDoesNotDo) {
  const images::TrustTexts wanted = TrustIn({"alice"});
  const std::string path = std::getenv("PATH");
  for (const char* program : {"", "#!/bin/sh\nexit 255\n", "#!/bin/sh\necho probe\n"}) {
    base::RemoveTree(At("bin"));
    if (*program != '\0') {
      ASSERT_EQ(::chmod(Put("bin/ssh-keygen", program).c_str(), 0755), 0);
    }
    ::setenv("PATH", At("bin").c_str(), 1);
    const base::Error error = tests::ErrorOf([&] { Tell(wanted); });
    ::setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(error.code(), base::ExitCode::kFailed);
    EXPECT_THAT(error.what(), HasSubstr("install"));
    EXPECT_FALSE(base::Exists(layout_.Trust()));
  }
}

// What cannot be read now may say tomorrow which releases are old.
TEST_F(ReceiveTrustTest, ARecordOfReleasesThatCannotBeReadIsNotMadeAnew) {
  const images::TrustTexts before = TrustIn({"alice"});
  const images::TrustTexts after = TrustIn({"alice", "bob"});
  SetTrust(layout_, before);
  const std::string file = AcceptedFile(layout_);
  std::filesystem::rename(file, At("aside"));
  ASSERT_EQ(::mkfifo(file.c_str(), 0644), 0);
  EXPECT_THAT(tests::MessageOf([&] { SetTrust(layout_, after); }), HasSubstr("FIFO"));
  std::filesystem::rename(At("aside"), file);
  EXPECT_EQ(Now(), before);

  const std::string newer = R"({"format":2,"order":[]})";
  base::WriteFileAtomically(file, newer);
  EXPECT_THAT(tests::MessageOf([&] { SetTrust(layout_, after); }), HasSubstr("newer version"));
  EXPECT_EQ(base::ReadFile(file), newer);

  for (const char* damaged : {"", "{", "[]", R"({"format":1})", R"({"format":"2"})"}) {
    base::WriteFileAtomically(file, damaged);
    SetTrust(layout_, after);
    EXPECT_EQ(ReadAccepted(layout_), Accepted()) << damaged;
  }
}

TEST_F(ReceiveTrustTest, AnApplicationOfThatNameIsNamedAsTheCause) {
  base::MakeDirectories(layout_.Trust() + "/0123456789abcdef");
  const base::Error error = tests::ErrorOf([&] { LoadTrust(layout_); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  EXPECT_THAT(error.what(), HasSubstr("has versions of an application"));
  EXPECT_THAT(tests::MessageOf([&] { SetTrust(layout_, TrustIn({"alice"})); }),
              HasSubstr("has versions of an application"));
}

}  // namespace
}  // namespace activator
