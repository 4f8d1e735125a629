#include "pusher/protocol/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <thread>

#include "images/release/release.h"
#include "pusher/protocol/chunk_list.h"
#include "tests/pusher/protocol/pipe.h"

namespace pusher {
namespace {

// Nobody uploads the agent of a gate: after an upgrade of either side they still talk.
static_assert(kProtocolMax == 8 || kProtocolMin < kProtocolMax,
              "speak the version before as well (docs/formats/gate.md)");

using testing::HasSubstr;

std::string ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "none";
}

Hello SomeHello() {
  Hello out;
  out.agent_version = "0.1.0";
  out.architecture = "x86_64";
  out.features = {"erofs-lz4"};
  out.codecs = {{"zstd", "1.5.7"}};
  out.free_bytes = 12345;
  out.active_generation = 7;
  out.held = {{"nginx", base::Sha256Of("a")}};
  return out;
}

TEST(ProtocolTest, MessagesComeBackAsTheyWere) {
  EXPECT_EQ(Hello::Parse(SomeHello().Serialize(), "h"), SomeHello());
  const Held held{{{"nginx", base::Sha256Of("a")}, {"app", base::Sha256Of("b")}}, true};
  EXPECT_EQ(Held::Parse(held.Serialize(), "h"), held);
  const Begin begin{
      kProtocolMax, 3, false, {{"app", base::Sha256Of("m"), base::Sha256Of("i"), 4096}}};
  EXPECT_EQ(Begin::Parse(begin.Serialize(), "h"), begin);
  const Offer offer{"nginx", base::Sha256Of("m"), false, 1, 2, 3};
  EXPECT_EQ(Offer::Parse(offer.Serialize(), "h"), offer);
  const Need need{5, 4, 300};
  EXPECT_EQ(Need::Parse(need.Serialize(), "h"), need);
  const Staged staged{9, true, false, 4096};
  EXPECT_EQ(Staged::Parse(staged.Serialize(), "h"), staged);
  const Staged repaired{9, false, true, 4096, {"nginx"}, 9};
  EXPECT_EQ(Staged::Parse(repaired.Serialize(), "h"), repaired);
  const Failure failure{base::ExitCode::kBusy, "why"};
  EXPECT_EQ(Failure::Parse(failure.Serialize(), "h"), failure);
}

// Of names as long as they may be.
TEST(ProtocolTest, AGreetingNamesAnyNumberOfVersions) {
  for (const size_t count : {size_t{0}, kMaxHeldAtOnce, 2 * kMaxHeldAtOnce + 1, size_t{20'000}}) {
    Hello hello = SomeHello();
    hello.held.assign(count, {std::string(64, 'n'), base::Sha256Of("a")});
    tests::SocketPair pair;
    std::thread host([&] {
      Stream stream(pair.a.get(), pair.a.get(), {});
      Wire wire(stream);
      SendHello(wire, hello);
      wire.Flush();
    });
    Stream stream(pair.b.get(), pair.b.get(), {});
    Wire wire(stream);
    EXPECT_EQ(ReceiveHello(wire), hello);
    host.join();
  }
}

TEST(ProtocolTest, AnotherProtocolVersionIsSaidOnBothSides) {
  // Whatever else a later version says.
  EXPECT_EQ(
      ErrorOf([] { Hello::Parse(R"({"protocol_min":9,"protocol_max":10,"shape":[]})", "web1"); }),
      "web1 speaks versions 9 to 10 of the push protocol, this program 8 to 8; update the "
      "older one");
  EXPECT_THAT(ErrorOf([] { Begin::Parse(R"({"protocol":1,"images":1})", "the sender"); }),
              HasSubstr("wants version 1 of the push protocol, this agent speaks 8 to 8"));
}

TEST(ProtocolTest, ANewerPeerMaySayMoreInItsGreeting) {
  std::string text = SomeHello().Serialize();
  EXPECT_THAT(ErrorOf([&] { Hello::Parse("{\"more\":1," + text.substr(1), "h"); }),
              HasSubstr("unknown field 'more'"));
  const size_t at = text.find("\"protocol_max\":8");
  text.replace(at, 16, "\"protocol_max\":9,\"more\":1");
  EXPECT_EQ(Hello::Parse(text, "h").protocol_max, 9U);
}

// An agent behind a gate is not the sender's own.
TEST(ProtocolTest, TheNewestVersionThatBothSpeakIsChosen) {
  Hello hello = SomeHello();
  for (const auto& [least, most, chosen] :
       {std::array<uint64_t, 3>{kProtocolMin, kProtocolMax, kProtocolMax},
        {kProtocolMin - 1, kProtocolMin, kProtocolMin},
        {kProtocolMax, kProtocolMax + 1, kProtocolMax}}) {
    hello.protocol_min = least;
    hello.protocol_max = most;
    EXPECT_EQ(ProtocolWith(Hello::Parse(hello.Serialize(), "h")), chosen);
  }
}

TEST(ProtocolTest, NamesAndDigestsAreChecked) {
  Offer offer{"nginx", base::Sha256Of("m"), false, 1, 2, 3};
  for (const char* name : {"../etc", "a/b", "", "bin", "incoming", "x.json", "-x"}) {
    offer.name = name;
    EXPECT_THROW(Offer::Parse(offer.Serialize(), "h"), base::Error) << name;
  }
  EXPECT_THROW(Offer::Parse(R"({"name":"a","manifest_sha256":"12"})", "h"), base::Error);
  EXPECT_THROW(Offer::Parse("[]", "h"), base::Error);
  EXPECT_THROW(Offer::Parse("{", "h"), base::Error);
}

TEST(ProtocolTest, WhatAHostDemandsIsInItsGreeting) {
  Hello hello = SomeHello();
  hello.trust = Demand{{"production", "staging"}, 2};
  EXPECT_EQ(Hello::Parse(hello.Serialize(), "h"), hello);
  hello.trust->channels.clear();
  EXPECT_THAT(ErrorOf([&] { Hello::Parse(hello.Serialize(), "h"); }), HasSubstr("at least one"));
  hello.trust = Demand{{"production"}, 17};
  EXPECT_THAT(ErrorOf([&] { Hello::Parse(hello.Serialize(), "h"); }), HasSubstr("threshold"));
}

TEST(ProtocolTest, SizesAreBounded) {
  Offer offer{"nginx", base::Sha256Of("m"), false, kMaxManifestBytes + 1, 2, 3};
  EXPECT_THROW(Offer::Parse(offer.Serialize(), "h"), base::Error);
  offer = {"nginx", base::Sha256Of("m"), false, 1, kMaxIndexBytes + 1, 3};
  EXPECT_THROW(Offer::Parse(offer.Serialize(), "h"), base::Error);
  offer = {"nginx", base::Sha256Of("m"), false, 1, 2, 3};
  offer.release_bytes = images::kMaxReleaseBytes + 1;
  EXPECT_THROW(Offer::Parse(offer.Serialize(), "h"), base::Error);
}

TEST(ProtocolTest, AFailureCannotSteerTheTerminalNorInventAnExitCode) {
  const Failure failure =
      Failure::Parse(R"({"code":0,"message":"a\u001b[2Jb\nc\u009bd\u00e9"})", "h");
  EXPECT_EQ(failure.code, base::ExitCode::kFailed);
  EXPECT_EQ(failure.message, "a [2Jb c  d\xc3\xa9");
  // Only an activation may say 3 or 4.
  EXPECT_EQ(Failure::Parse(R"({"code":4,"message":"m"})", "h").code, base::ExitCode::kFailed);
}

TEST(ProtocolTest, TextThatIsNotUtf8StillMakesAMessage) {
  const Failure failure{base::ExitCode::kFailed, "cannot open /srv/\xff"};
  EXPECT_THAT(Failure::Parse(failure.Serialize(), "h").message, HasSubstr("cannot open /srv/"));
}

TEST(ProtocolTest, BitsComeBackAndTheirPaddingIsEmpty) {
  for (size_t size = 0; size < 20; ++size) {
    std::vector<bool> bits(size);
    for (size_t i = 0; i < size; i += 3) {
      bits[i] = true;
    }
    EXPECT_EQ(UnpackBits(PackBits(bits), size, "h"), bits);
  }
  EXPECT_THROW(UnpackBits(std::vector<uint8_t>{0x08}, 3, "h"), base::Error);
  EXPECT_THROW(UnpackBits(std::vector<uint8_t>{0, 0}, 3, "h"), base::Error);
  EXPECT_THROW(UnpackBits({}, 3, "h"), base::Error);
}

TEST(ChunkListTest, NumbersDistinctChunksByFirstAppearance) {
  chunker::ChunkIndex index;
  index.Append({base::Sha256Of("b")}, 10);
  index.Append({base::Sha256Of("a")}, 20);
  index.Append({base::Sha256Of("b")}, 10);
  const ChunkList list(index);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].offsets, (std::vector<uint64_t>{0, 30}));
  EXPECT_EQ(list[1].offsets, (std::vector<uint64_t>{10}));
  EXPECT_EQ(list.NumberOf({base::Sha256Of("a")}), 1U);
  EXPECT_EQ(list.NumberOf({base::Sha256Of("c")}), std::nullopt);
}

TEST(ChunkListTest, OneIdWithTwoSizesIsNoIndex) {
  chunker::ChunkIndex index;
  index.Append({base::Sha256Of("b")}, 10);
  index.Append({base::Sha256Of("b")}, 11);
  EXPECT_THROW(ChunkList{index}, base::Error);
}

}  // namespace
}  // namespace pusher
