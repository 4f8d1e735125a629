#include "chunker/codec_table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "chunker/chunk_content.h"
#include "tests/chunker/samples.h"
#include "tests/support/errors.h"

namespace chunker {
namespace {

TEST(CodecTableTest, EachCodecDecodesWhatItEncodesAtEachLevel) {
  const std::vector<uint8_t> content = Words(5, 60000);
  for (const CodecKind& kind : Codecs()) {
    for (uint64_t level = kind.least_level; level <= kind.most_level; ++level) {
      const Codec codec = CodecFor(kind.target, level);
      EXPECT_EQ(codec.name, kind.name);
      EXPECT_EQ(codec.library_version, LibraryVersion(kind.name));
      const auto frame =
          MakeFrameEncoder(codec)->EncodeUpToLast(content, std::array{size_t{60000}});
      EXPECT_LT(frame.size(), content.size()) << kind.name << " " << level;
      EXPECT_EQ(ContentOf(AlignedToBlocks(frame), kind.name).bytes, content) << kind.name;
      EXPECT_GT(EncoderBytes(codec), 0U);
    }
    EXPECT_THROW(CodecFor(kind.target, kind.least_level - 1), base::Error);
    EXPECT_THROW(CodecFor(kind.target, kind.most_level + 1), base::Error);
  }
}

TEST(CodecTableTest, NoTwoCodecsAreTakenForOneAnother) {
  std::set<std::string> names, targets, features;
  std::set<uint8_t> algorithms;
  for (const CodecKind& kind : Codecs()) {
    names.insert(kind.name);
    targets.insert(kind.target);
    features.insert(kind.feature);
    algorithms.insert(kind.erofs_algorithm);
    EXPECT_EQ(&CodecNamed(kind.name), &kind);
    EXPECT_EQ(&CodecOfTarget(kind.target), &kind);
    EXPECT_EQ(CodecOfFeature(kind.feature), &kind);
  }
  EXPECT_EQ(names.size(), Codecs().size());
  EXPECT_EQ(targets.size(), Codecs().size());
  EXPECT_EQ(features.size(), Codecs().size());
  EXPECT_EQ(algorithms.size(), Codecs().size());
}

TEST(CodecTableTest, AnUnknownCodecIsRefusedAndNeverTakenForLz4) {
  const std::string why = "there is no codec 'brotli': this version of Slipway has zstd, lz4hc";
  const auto chunk =
      AlignedToBlocks(MakeFrameEncoder(CodecFor("lz4", 9))->EncodeWhole(Words(6, 20000)));
  EXPECT_EQ(tests::MessageOf([&] { ContentOf(chunk, "brotli"); }), why);
  EXPECT_EQ(tests::MessageOf([&] { ContentOf({}, "brotli"); }), why);
  EXPECT_EQ(tests::MessageOf([] { LibraryVersion("brotli"); }), why);
  EXPECT_EQ(tests::MessageOf([] { MakeFrameEncoder({"brotli", "1", 9, {}}); }), why);
  EXPECT_EQ(tests::MessageOf([] { CodecOfTarget("lz4hc"); }),
            "target 'lz4hc' is not one of zstd, lz4");
  EXPECT_EQ(CodecOfFeature("erofs-future"), nullptr);
}

}  // namespace
}  // namespace chunker
