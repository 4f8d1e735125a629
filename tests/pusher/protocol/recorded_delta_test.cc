// Recorded deltas: what is played, and that nothing else is.
#include "pusher/protocol/recorded_delta.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pusher/protocol/delta_message.h"
#include "tests/support/errors.h"

namespace pusher {
namespace {

using ::testing::HasSubstr;

const std::string kTexts = "manifest, index and provenance, as a delta";

RecordedDeltaHeader SomeHeader() {
  return {"nginx", base::Sha256Of("new"), base::Sha256Of("old"), kProtocolMax, "zstd", "1.5.7"};
}

Offer SomeOffer() {
  Offer out;
  out.name = "nginx";
  out.manifest_sha256 = base::Sha256Of("new");
  out.manifest_bytes = 1000;
  out.index_bytes = 5000;
  out.delta_bytes = kTexts.size();
  out.basis = 1;
  return out;
}

std::string FrameOf(MessageType type, std::string_view payload) {
  const FrameHeader header = FrameHeaderOf(static_cast<uint8_t>(type), base::AsBytes(payload));
  return std::string(base::AsText(header)).append(payload);
}

std::string ChunkOf(uint8_t number, MessageType type = MessageType::kChunk) {
  return FrameOf(type, std::string{static_cast<char>(number), 0, 0, 0} + "content");
}

std::string DeltaOf(uint64_t first) {
  DeltaMessage delta;
  delta.first_chunk = first;
  delta.chunks = {{4096, {}}, {4096, {}}};
  delta.delta = {1, 2, 3};
  const std::vector<uint8_t> payload = delta.Serialize();
  return FrameOf(MessageType::kDelta, base::AsText(payload));
}

const std::string kBegin =
    SomeHeader().Serialize() + FrameOf(MessageType::kOffer, SomeOffer().Serialize());
const std::string kBlobs = FrameOf(MessageType::kBlob, kTexts.substr(0, 10)) +
                           FrameOf(MessageType::kBlob, kTexts.substr(10));
const std::string kEnd = FrameOf(MessageType::kSent, "");

// Gives at most `step` bytes at a time.
RecordedDeltaReader::Source From(const std::string& text, size_t step = 7) {
  return [&text, step, at = size_t{0}](std::span<uint8_t> out) mutable {
    const size_t bytes = std::min({out.size(), step, text.size() - at});
    std::copy_n(text.data() + at, bytes, out.begin());
    at += bytes;
    return bytes;
  };
}

std::vector<MessageType> Play(const std::string& text, size_t step = 7) {
  RecordedDeltaReader reader(From(text, step), "delta");
  std::vector<MessageType> out;
  while (const std::optional<Frame> frame = reader.Next()) {
    out.push_back(static_cast<MessageType>(frame->type));
  }
  EXPECT_EQ(reader.Next(), std::nullopt);
  return out;
}

std::string Why(const std::string& text) {
  const base::Error error = tests::ErrorOf([&] { Play(text); });
  EXPECT_EQ(error.code(), base::ExitCode::kVerification);
  return error.what();
}

TEST(RecordedDeltaTest, ItsFramesComeInTheirOrder) {
  const std::string text = kBegin + kBlobs + ChunkOf(0) + DeltaOf(2) + ChunkOf(4) + kEnd;
  for (const size_t step : {size_t{1}, size_t{13}, text.size()}) {
    EXPECT_EQ(Play(text, step),
              (std::vector{MessageType::kBlob, MessageType::kBlob, MessageType::kChunk,
                           MessageType::kDelta, MessageType::kChunk, MessageType::kSent}));
  }
  RecordedDeltaReader reader(From(text), "delta");
  EXPECT_EQ(reader.header(), SomeHeader());
  EXPECT_EQ(reader.offer(), SomeOffer());
  EXPECT_EQ(base::AsText(reader.Next()->payload), kTexts.substr(0, 10));
  EXPECT_EQ(Play(kBegin + kBlobs + kEnd).size(), 3);  // only the texts differ
  EXPECT_EQ(Play(kBegin + kBlobs + ChunkOf(1, MessageType::kPacked) + kEnd).size(), 4);
}

TEST(RecordedDeltaTest, AHeaderOfSomethingElseIsRefused) {
  const auto why = [](const std::string& that, const std::string& by) {
    std::string text = kBegin + kBlobs + kEnd;
    text.replace(text.find(that), that.size(), by);
    return Why(text);
  };
  EXPECT_EQ(why("\"format\":1", "\"format\":2"),
            "delta: format: it is 2, and this version reads 1 alone");
  EXPECT_EQ(why("\"protocol\":8", "\"protocol\":9"),
            "delta: protocol: recorded for 9, and this version plays 8 to 8");
  EXPECT_THAT(why("\"name\":\"nginx\"", "\"name\":\"../x\""), HasSubstr("image name"));
  EXPECT_THAT(why("\"name\":\"nginx\"", "\"name\":\"other\""), HasSubstr("of another image"));
  EXPECT_THAT(why("\"library\":\"1.5.7\"", "\"library\":\"\""), HasSubstr("library"));
  EXPECT_THAT(why(SomeHeader().from.ToHex(), SomeHeader().to.ToHex()), HasSubstr("itself"));
  EXPECT_THAT(why("{\"codec\"", "{ \"codec\""), HasSubstr("not written as"));
  EXPECT_THAT(why("\"protocol\"", "\"x\":1,\"protocol\""), HasSubstr("unknown field 'x'"));
  EXPECT_THAT(Why(""), HasSubstr("does not begin with the header"));
  EXPECT_THAT(Why(std::string(5000, 'x')), HasSubstr("does not begin with the header"));
}

TEST(RecordedDeltaTest, AnotherOrderOfFramesIsRefused) {
  const auto with = [](const Offer& offer) {
    return SomeHeader().Serialize() + FrameOf(MessageType::kOffer, offer.Serialize()) + kBlobs +
           kEnd;
  };
  EXPECT_THAT(Why(SomeHeader().Serialize() + kBlobs), HasSubstr("does not begin with an offer"));
  EXPECT_THAT(Why(SomeHeader().Serialize()), HasSubstr("does not begin with an offer"));
  Offer offer = SomeOffer();
  offer.held = true;
  EXPECT_THAT(Why(with(offer)), HasSubstr("none that is recorded"));
  offer = SomeOffer();
  offer.basis = 2;
  EXPECT_THAT(Why(with(offer)), HasSubstr("none that is recorded"));
  offer = SomeOffer();
  offer.release_bytes = 1;
  EXPECT_THAT(Why(with(offer)), HasSubstr("none that is recorded"));
  offer = SomeOffer();
  ++offer.delta_bytes;
  EXPECT_THAT(Why(with(offer)), HasSubstr("not as long as the offer says"));
  offer.delta_bytes = kTexts.size() - 1;
  EXPECT_THAT(Why(with(offer)), HasSubstr("not as long as the offer says"));
  EXPECT_THAT(Why(kBegin + ChunkOf(1)), HasSubstr("not as long as the offer says"));
  EXPECT_THAT(Why(kBegin + kBlobs + ChunkOf(1) + kBlobs), HasSubstr("not as long"));
  EXPECT_THAT(Why(kBegin + kBlobs + ChunkOf(1) + ChunkOf(1)), HasSubstr("order of their numbers"));
  EXPECT_THAT(Why(kBegin + kBlobs + DeltaOf(2) + ChunkOf(3)), HasSubstr("order of their numbers"));
  EXPECT_THAT(Why(kBegin + kBlobs + DeltaOf(2) + ChunkOf(9, MessageType::kPacked)),
              HasSubstr("deltas and packed chunks"));
  EXPECT_THAT(Why(kBegin + kBlobs + FrameOf(MessageType::kCommit, "")),
              HasSubstr("a message of type 9 is not recorded"));
  EXPECT_THAT(Why(kBegin + kBlobs + FrameOf(MessageType::kDelta, "x")), HasSubstr("out of range"));
  EXPECT_THAT(Why(kBegin + kBlobs + FrameOf(MessageType::kChunk, "1234")),
              HasSubstr("without content"));
  EXPECT_THAT(Why(kBegin + kBlobs + FrameOf(MessageType::kSent, "x")), HasSubstr("has a content"));
  EXPECT_THAT(Why(kBegin + kBlobs + kEnd + kEnd), HasSubstr("something follows its end"));
  EXPECT_THAT(Why(kBegin + kBlobs + ChunkOf(1)), HasSubstr("its end is missing"));
}

TEST(RecordedDeltaTest, NoByteMayChangeAndNoneBeMissing) {
  const std::string text = kBegin + kBlobs + ChunkOf(0) + DeltaOf(2) + kEnd;
  const size_t frames = SomeHeader().Serialize().size();
  for (size_t at = 0; at < text.size(); ++at) {
    EXPECT_THROW(Play(text.substr(0, at)), base::Error) << at;
    if (at >= frames) {  // what the header says of the old version, nobody can compare
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ 1);
      EXPECT_THROW(Play(changed), base::Error) << at;
    }
  }
}

}  // namespace
}  // namespace pusher
