// What a delta refers to may be anything: out of range, too much, or damaged.
#include "activator/receive/delta_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "chunker/delta.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RebuildTest : public testing::Test {
 protected:
  RebuildTest() {
    const std::string big(1 << 20, 'b');
    const std::string path = tests::WriteImage(
        directory_.path(), {"app", "1", {"one", "two", big, std::string(4096, 'x')}, "", {}});
    const images::ImageDirectory image(path);
    codec_ = image.manifest().image.codec;
    version_ = path;
  }

  // A chunk of the content "one two" against the first two old chunks.
  static pusher::DeltaMessage Message() {
    pusher::DeltaMessage out;
    out.chunks = {{7, {}}};
    out.references = {{0, 2}};
    out.copies = {{0, 0, 3}, {4, 3, 3}};
    out.delta = chunker::DeltaEncoder(9).Encode(base::AsBytes({"\0\0\0 \0\0\0", 7}), {});
    return out;
  }
  std::vector<std::vector<uint8_t>> Rebuild(const pusher::DeltaMessage& message) {
    std::vector<std::vector<uint8_t>> out;
    BaseContent old(version_);
    DeltaDecoder(codec_, old)
        .Rebuild(message, [&](size_t place, const std::vector<uint8_t>& chunk) {
          EXPECT_EQ(place, out.size());
          out.push_back(chunk);
        });
    return out;
  }

  base::TemporaryDirectory directory_{"/tmp", "rebuild-"};
  chunker::Codec codec_;
  std::string version_;
};

TEST_F(RebuildTest, ContentComesOutOfOldContentAndDelta) {
  const base::Bytes wanted = base::AsBytes("one two");
  EXPECT_THAT(Rebuild(Message()), ElementsAre(std::vector<uint8_t>(wanted.begin(), wanted.end())));
}

TEST_F(RebuildTest, ReferencesToWhatIsNotHereGiveNothing) {
  for (const pusher::Reference& reference :
       {pusher::Reference{4, 1}, pusher::Reference{3, 2}, pusher::Reference{0, INT64_MAX},
        pusher::Reference{INT64_MAX, 1}}) {
    pusher::DeltaMessage message = Message();
    message.references = {reference};
    EXPECT_THAT(Rebuild(message), IsEmpty());
  }
}

TEST_F(RebuildTest, CopiesBeyondTheOldContentGiveNothing) {
  for (const chunker::Copy& copy : {chunker::Copy{4, 4, 3}, chunker::Copy{4, 1 << 20, 3}}) {
    pusher::DeltaMessage message = Message();
    message.copies[1] = copy;
    EXPECT_THAT(Rebuild(message), IsEmpty());
  }
}

TEST_F(RebuildTest, OldContentWithoutBoundsGivesNothing) {
  pusher::DeltaMessage message = Message();
  message.references.assign(1000, {2, 1});
  EXPECT_THAT(Rebuild(message), IsEmpty());
}

TEST_F(RebuildTest, AVersionThatHasGoneGivesNothing) {
  base::RemoveTree(version_);
  EXPECT_THAT(Rebuild(Message()), IsEmpty());
}

TEST_F(RebuildTest, ACodecThatIsNotHereIsNotTaken) {
  EXPECT_GT(RebuilderBytes(codec_), kRebuilderBytes);
  chunker::Codec other = codec_;
  other.parameters["window_log"] = 0;  // to zstd: as large as the level likes
  EXPECT_EQ(RebuilderBytes(other), std::nullopt);
  other = codec_;
  other.library_version = "1.5.4";
  EXPECT_EQ(RebuilderBytes(other), std::nullopt);
  other = codec_;
  other.parameters.clear();
  EXPECT_EQ(RebuilderBytes(other), std::nullopt);
  other = codec_;
  other.parameters.erase("accepted_waste");  // it decides where a chunk ends, which is known here
  EXPECT_NE(RebuilderBytes(other), std::nullopt);
}

// Each flush costs a block's header: more of them than the frame has room for must end.
TEST_F(RebuildTest, FlushPointsWithoutEndAreNoFrame) {
  const std::vector<uint8_t> content(100000, 'x');
  std::vector<size_t> points(content.size());
  std::iota(points.begin(), points.end(), 1);
  EXPECT_THROW(chunker::MakeFrameEncoder(codec_)->EncodeUpToLast(content, points), base::Error);
}

}  // namespace
}  // namespace activator
