// Which old version deltas are against, and where there are none, why.
#include "pusher/delta/delta_base.h"

#include <gmock/gmock.h>

#include "chunker/codec_table.h"
#include "tests/support/synthetic_image.h"

namespace pusher {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class BasisTest : public testing::Test {
 protected:
  // An image of noise chunks, one for each number.
  images::ImageDirectory Build(const std::string& name, const std::string& version,
                               const std::vector<uint64_t>& chunks,
                               const images::Codec& codec = tests::ZstdCodec()) {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    image.codec = codec;
    for (const uint64_t chunk : chunks) {
      image.chunks.push_back(tests::NoiseBytes(chunk, 1000));
    }
    return images::ImageDirectory(tests::WriteImage(directory_.path(), image));
  }
  void Holds(const images::ImageDirectory& image) {
    hello_.held.push_back({image.manifest().name, image.stored().digest});
  }
  std::string BasisOf(const images::ImageDirectory& image) {
    const std::optional<DeltaBase> basis = FindBasis(hello_, image);
    return basis ? basis->text() : "";
  }
  static std::string TextOf(const images::ImageDirectory& image) {
    return image.manifest().name + "/" + image.id().text();
  }

  Hello hello_ = [] {
    Hello out;
    for (const char* codec : {chunker::kZstd, chunker::kLz4}) {
      out.codecs[codec] = chunker::LibraryVersion(codec);
    }
    return out;
  }();
  base::TemporaryDirectory directory_{"/tmp", "basis-"};
};

TEST_F(BasisTest, IsTheVersionThatSharesMost) {
  const auto first = Build("app", "1", {1, 2, 3, 4});
  const auto second = Build("app", "2", {1, 2, 3, 5});
  const auto other = Build("other", "1", {1, 2, 5, 6});
  const auto now = Build("app", "3", {1, 2, 5, 6});
  Holds(other);
  EXPECT_EQ(BasisOf(now), TextOf(other));
  Holds(first);
  EXPECT_EQ(BasisOf(now), TextOf(first));  // of its own name
  Holds(second);
  EXPECT_EQ(BasisOf(now), TextOf(second));
}

TEST_F(BasisTest, IsNoneThatTheSenderHasNotOrWithAnotherCodec) {
  const auto old = Build("app", "1", {1, 2, 3});
  const auto lz4 =
      Build("app", "2", {1, 2, 3}, {chunker::kLz4, chunker::LibraryVersion(chunker::kLz4), 9, {}});
  const auto now = Build("app", "3", {1, 2, 4});
  Holds(lz4);
  EXPECT_EQ(BasisOf(now), "");
  Holds(old);
  EXPECT_EQ(BasisOf(now), TextOf(old));
  base::RemoveTree(old.path());
  EXPECT_EQ(BasisOf(now), "");
  EXPECT_THAT(WhyNoDeltas(hello_, now, std::nullopt),
              HasSubstr("none of the versions of app that the host has is in " + directory_.path() +
                        " with the same codec"));
}

TEST_F(BasisTest, WhatTheHostCannotMakeAgainIsKnownBefore) {
  const auto why = [&](const images::Codec& codec) {
    const auto image = Build("app", "2", {1}, codec);
    const std::optional<DeltaBase> basis(std::in_place, DeltaBase{0, image});
    EXPECT_EQ(CanRebuild(hello_, codec), WhyNoDeltas(hello_, image, basis).empty());
    return WhyNoDeltas(hello_, image, basis);
  };
  images::Codec codec = tests::ZstdCodec();
  EXPECT_THAT(why(codec), IsEmpty());
  codec.parameters["max_block"] = 32768;
  EXPECT_THAT(why(codec), IsEmpty());
  codec.parameters["chain_log"] = 26;  // 256 MiB
  EXPECT_THAT(why(codec), HasSubstr("takes more memory than a host allows"));
  codec.parameters.erase("chain_log");
  EXPECT_THAT(why(codec), HasSubstr("takes more memory than a host allows"));
  codec = tests::ZstdCodec();
  codec.library_version = "1.4.0";
  EXPECT_THAT(why(codec), HasSubstr("the image was made with zstd 1.4.0, the host has "));
  hello_.codecs.clear();
  EXPECT_THAT(why(tests::ZstdCodec()), HasSubstr(", the host has none"));
}

}  // namespace
}  // namespace pusher
