// The files and objects that are not signed: what is taken, and that nothing else is.
#include <gtest/gtest.h>

#include "images/channel/host_memory.h"
#include "images/channel/prune_record.h"
#include "images/channel/state_document.h"
#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using ::testing::HasSubstr;

// Why a document is refused.
template <typename Document>
std::string WhyNot(const std::string& text) {
  const base::Error error = tests::ErrorOf([&] { Document::Parse(text, "file"); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  return error.what();
}

// The same with `by` in place of `that`.
template <typename Document>
std::string WhyNot(std::string text, const std::string& that, const std::string& by) {
  const size_t at = text.find(that);
  EXPECT_NE(at, std::string::npos) << that;
  text.replace(at, that.size(), by);
  return WhyNot<Document>(text);
}

class HostMemoryTest : public tests::SigningTest {
 protected:
  HostMemory Full() const {
    HostMemory out;
    out.channel = "web";
    const std::string text = tests::SignHead(*this, tests::Head(), {"alice"});
    out.head = {SignedHead::Parse(text, "head"), tests::kCreated, "\"a tag\""};
    out.applied = AppliedSet{41, 7, {{"web", base::Sha256Of("web")}}};
    out.AddFailure(tests::Head(40), tests::kCreated);
    out.Pin("web", "alice@laptop", tests::kCreated);
    return out;
  }
};

TEST_F(HostMemoryTest, WhatIsWrittenIsReadBack) {
  const HostMemory full = Full();
  const HostMemory read = HostMemory::Parse(full.Serialize(), "file");
  EXPECT_EQ(read.Serialize(), full.Serialize());
  ASSERT_TRUE(read.head);
  EXPECT_EQ(read.head->head.Serialize(), full.head->head.Serialize());
  EXPECT_EQ(read.head->etag, "\"a tag\"");
  EXPECT_EQ(read.head->taken, tests::kCreated);
  EXPECT_EQ(read.applied, full.applied);
  EXPECT_EQ(read.failed, full.failed);
  EXPECT_EQ(read.overrides, full.overrides);
  const HostMemory empty = HostMemory::Parse(HostMemory{"web"}.Serialize(), "file");
  EXPECT_FALSE(empty.head || empty.applied);
}

TEST_F(HostMemoryTest, WhatIsDamagedIsRefused) {
  const std::string text = Full().Serialize();
  using M = HostMemory;
  EXPECT_THAT(WhyNot<M>(text, "\"format\": 1", "\"format\": 2"), HasSubstr("a newer version"));
  EXPECT_THAT(WhyNot<M>(text, "\"channel\": \"web\"", "\"channel\": \"db\""),
              HasSubstr("it is of channel web"));
  EXPECT_THAT(WhyNot<M>(text, "\"etag\"", "\"tag\""), HasSubstr("etag"));
  EXPECT_THAT(WhyNot<M>(text, "BEGIN SSH", "BEGIN"), HasSubstr("file: head.text: signature 1"));
  EXPECT_THAT(WhyNot<M>(text, "\"generation\": 7", "\"generation\": 0"), HasSubstr("generation"));
  EXPECT_THAT(WhyNot<M>(text, "alice@laptop", "\\u001b[31m"), HasSubstr("printable"));
  EXPECT_THAT(WhyNot<M>(text, "\"until\": \"2026-12-01T12:00:00Z\"", "\"until\": \"later\""),
              HasSubstr("expected a time"));
  EXPECT_THAT(WhyNot<M>(text.substr(0, text.size() / 2)), HasSubstr("file: line"));
}

TEST_F(HostMemoryTest, OnlyTheLastFailuresAreKept) {
  HostMemory memory{"web"};
  ChannelHead head = tests::Head();
  for (uint64_t retry = 0; retry < 40; ++retry) {
    head.rollout.retry = retry;
    memory.AddFailure(head, tests::kCreated);
    memory.AddFailure(head, tests::kCreated);  // once
  }
  EXPECT_EQ(memory.failed.size(), kMaxFailedSets);
  EXPECT_TRUE(memory.HasFailed(head.SetDigest()));
  head.rollout.retry = 0;
  EXPECT_FALSE(memory.HasFailed(head.SetDigest()));
  HostMemory::Parse(memory.Serialize(), "file");
}

TEST_F(HostMemoryTest, AnOverrideEnds) {
  HostMemory memory{"web"};
  memory.Pin("web", "alice", tests::kCreated);
  memory.DropEnded(tests::kCreated + std::chrono::hours(24) - std::chrono::seconds(1));
  EXPECT_EQ(memory.overrides.size(), 1);
  memory.DropEnded(tests::kCreated + std::chrono::hours(24));
  EXPECT_TRUE(memory.overrides.empty());
}

StateDocument FullState() {
  StateDocument out;
  out.host = "web1.example.org";
  out.time = tests::kCreated;
  out.sequence = 9;
  out.agent = "0.1.0";
  out.clock_offset_seconds = -3;
  ChannelReport& report = out.channels["web"];
  report.seen = {42, tests::kCreated};
  report.applied = AppliedSet{41, 7, {{"web", base::Sha256Of("web")}}};
  report.place = 9999;
  report.starts = tests::kCreated;
  report.result = ChannelResult::kRolledBack;
  report.exit_code = 3;
  report.error = "nginx is not healthy";
  report.fetched = {12, 3'000'000, 4};
  out.channels["db"];
  return out;
}

TEST(StateDocumentTest, WhatIsWrittenIsReadBack) {
  StateDocument state = FullState();
  EXPECT_EQ(StateDocument::Parse(state.Serialize(), "state"), state);
  EXPECT_THAT(state.Serialize(), HasSubstr("\"result\":\"rolled-back\""));
  state.clock_offset_seconds = 0;
  state.channels.clear();
  EXPECT_EQ(state.Serialize(),
            "{\"agent\":\"0.1.0\",\"channels\":{},\"clock_offset_seconds\":0,\"format\":1,\"host\":"
            "\"web1.example.org\",\"sequence\":9,\"time\":\"2026-11-30T12:00:00Z\"}\n");
}

// A host is not trusted: what it reports must not steer the terminal of who reads it.
TEST(StateDocumentTest, AnErrorIsOnePrintableLine) {
  StateDocument state = FullState();
  state.channels["web"].error = "one\ntwo\x1b[31m" + std::string(2000, 'x');
  const std::string error =
      StateDocument::Parse(state.Serialize(), "state").channels.at("web").error;
  EXPECT_EQ(error.find('\n'), std::string::npos);
  EXPECT_LE(error.size(), 1000);
  EXPECT_THAT(WhyNot<StateDocument>(FullState().Serialize(), "nginx is", "\\u001b[31m"),
              HasSubstr("printable"));
}

TEST(StateDocumentTest, WhatIsDamagedIsRefused) {
  using S = StateDocument;
  const std::string text = FullState().Serialize();
  EXPECT_THAT(WhyNot<S>(text, "\"format\":1", "\"format\":2"), HasSubstr("update imgpush here"));
  EXPECT_THAT(WhyNot<S>(text, "web1.example.org", "../x"), HasSubstr("no host's name"));
  EXPECT_THAT(WhyNot<S>(text, "rolled-back", "fine"), HasSubstr("expected active, waiting"));
  EXPECT_THAT(WhyNot<S>(text, "\"place\":9999", "\"place\":10000"), HasSubstr("from 0 to 9999"));
  EXPECT_THAT(WhyNot<S>(text, "\"exit_code\":3", "\"exit_code\":256"), HasSubstr("from 0 to 255"));
  EXPECT_THAT(WhyNot<S>(text, "\"sequence\":9", "\"sequence\":0"), HasSubstr("sequence"));
  EXPECT_THAT(WhyNot<S>(text, "seconds\":-3", "seconds\":-99999999999"), HasSubstr("offset"));
  EXPECT_THAT(WhyNot<S>(text, "seconds\":-3", "seconds\":18446744073709551615"),
              HasSubstr("offset"));
  EXPECT_THAT(WhyNot<S>(text, "seconds\":-3", "seconds\":-3.0"), HasSubstr("offset"));
  EXPECT_THAT(WhyNot<S>(text, "\"db\":{", "\"db\":{\"x\":1,"), HasSubstr("unknown field 'x'"));
  EXPECT_THAT(WhyNot<S>(text, "{\"agent\"", " {\"agent\""), HasSubstr("not written as"));
  EXPECT_THAT(WhyNot<S>(std::string(kMaxStateBytes + 1, ' ')), HasSubstr("more than 4194304"));
}

const std::string kKey = "images/web/0123456789abcdef/image.erofs";
const std::string kOther = "deltas/web/0123456789abcdef/fedcba9876543210";

PruneRecord FullRecord() {
  return {{{kKey, tests::kCreated}}, Deletion{"00112233aabbccdd", tests::kCreated, {kOther}}};
}

TEST(PruneRecordTest, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(PruneRecord::Parse(FullRecord().Serialize(), "prune.json"), FullRecord());
  EXPECT_EQ(PruneRecord{}.Serialize(), "{\"deleting\":[],\"doomed\":{},\"format\":1}\n");
  EXPECT_EQ(PruneRecord::Parse(PruneRecord{}.Serialize(), "prune.json"), PruneRecord{});
}

TEST(PruneRecordTest, WhatIsDamagedIsRefused) {
  using P = PruneRecord;
  const std::string text = FullRecord().Serialize();
  EXPECT_THAT(WhyNot<P>(text, "\"format\":1", "\"format\":9"), HasSubstr("it is 9"));
  EXPECT_THAT(WhyNot<P>(text, kKey, "channels/web/head"), HasSubstr("never pruned"));
  EXPECT_THAT(WhyNot<P>(text, kKey, "state/web1.json"), HasSubstr("never pruned"));
  EXPECT_THAT(WhyNot<P>(text, kKey, "prune.json"), HasSubstr("never pruned"));
  EXPECT_THAT(WhyNot<P>(text, kKey, "something/else"), HasSubstr("never pruned"));
  EXPECT_THAT(WhyNot<P>(text, kKey, kOther), HasSubstr("appears twice"));
  EXPECT_THAT(WhyNot<P>(text, "00112233aabbccdd", "0011"), HasSubstr("16 hexadecimal digits"));
  EXPECT_THAT(WhyNot<P>(text, "\"" + kOther + "\"", ""), HasSubstr("unknown field 'run'"));
  EXPECT_THAT(WhyNot<P>(text, ",\"run\":\"00112233aabbccdd\"", ""), HasSubstr("run"));
}

}  // namespace
}  // namespace images
