#include "pusher/protocol/delta_message.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace pusher {
namespace {

DeltaMessage Some() {
  DeltaMessage out;
  out.first_chunk = 300;
  out.chunks = {{4096, {}}, {200000, {131072, 133000, 200000}}};
  out.references = {{17, 3}, {1000000, 1}};
  out.copies = {{0, 5000, 100}, {100, 0, 4000}, {200000, 1 << 20, 4096}};
  out.delta = {1, 2, 3};
  return out;
}

TEST(DeltaMessageTest, ComesBackAsItWas) {
  EXPECT_EQ(DeltaMessage::Parse(Some().Serialize(), "peer"), Some());
  EXPECT_EQ(Some().content_bytes(), 204096U);
}

void ExpectRefused(const DeltaMessage& message) {
  EXPECT_THROW(DeltaMessage::Parse(message.Serialize(), "peer"), base::Error);
}

TEST(DeltaMessageTest, LengthsThatCannotBeAreRefused) {
  DeltaMessage message = Some();
  message.chunks = {};
  ExpectRefused(message);
  message.chunks = {{0, {}}};
  ExpectRefused(message);
  message.chunks = {{(1 << 20) + 1, {}}};
  ExpectRefused(message);
  message.chunks = {{1 << 20, {}}, {1 << 20, {}}, {1, {}}};
  ExpectRefused(message);
  message.chunks.assign(4097, {1, {}});
  ExpectRefused(message);
  message = Some();
  message.first_chunk = UINT64_MAX;
  ExpectRefused(message);
}

TEST(DeltaMessageTest, FlushPointsThatDoNotEndWithTheContentAreRefused) {
  DeltaMessage message = Some();
  message.chunks[1].flush_points = {131072};
  ExpectRefused(message);
  message.chunks[1].flush_points = {131072, 131072, 200000};
  ExpectRefused(message);
  message.chunks[1].flush_points = {131072, 200001};
  ExpectRefused(message);
  message.chunks[1] = {1024, {1, 2, 3, 4, 5, 6, 1024}};  // closer than places where a chunk may end
  ExpectRefused(message);
}

TEST(DeltaMessageTest, CopiesBeyondTheContentOrTheMostOldContentAreRefused) {
  DeltaMessage message = Some();
  for (const chunker::Copy& copy :
       {chunker::Copy{0, 0, 204097}, chunker::Copy{204096, 0, 1}, chunker::Copy{10, 0, 0},
        chunker::Copy{0, kMaxDeltaOldBytes - 9, 10}, chunker::Copy{0, UINT32_MAX, 10}}) {
    message.copies = {copy};
    ExpectRefused(message);
  }
  message.copies.assign(chunker::kMaxCopies + 1, {});
  ExpectRefused(message);
}

// Whatever comes, the answer is a message or one error, and memory stays in proportion.
TEST(DeltaMessageTest, AnyBytesAreAMessageOrAnError) {
  const std::vector<uint8_t> good = Some().Serialize();
  for (size_t cut = 0; cut + 3 < good.size(); ++cut) {
    EXPECT_THROW(DeltaMessage::Parse(base::Bytes(good).first(cut), "peer"), base::Error) << cut;
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bytes = good;
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    try {
      EXPECT_LE(DeltaMessage::Parse(bytes, "peer").content_bytes(), kMaxDeltaContentBytes);
    } catch (const base::Error&) {
    }
  }
}

TEST(ReferToTest, OnlyWhatACopyIsTakenOfIsNamed) {
  const std::vector<OldEntry> entries = {{10, 100}, {11, 250}, {12, 300}, {40, 400}, {41, 450}};
  std::vector<chunker::Copy> copies = {{0, 90, 20}, {30, 310, 5}, {40, 100, 150}};
  const std::vector<Reference> references = {{10, 2}, {40, 1}};
  EXPECT_EQ(ReferTo(entries, copies), references);
  const std::vector<chunker::Copy> moved = {{0, 90, 20}, {30, 260, 5}, {40, 100, 150}};
  EXPECT_EQ(copies, moved);
  copies.clear();
  EXPECT_TRUE(ReferTo(entries, copies).empty());
}

}  // namespace
}  // namespace pusher
