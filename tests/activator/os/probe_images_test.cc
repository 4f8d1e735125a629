#include "activator/os/probe_images.h"

#include <gtest/gtest.h>

#include "chunker/codec_table.h"

namespace activator {
namespace {

TEST(ProbeImagesTest, ThereIsOneForEachCodec) {
  EXPECT_EQ(ProbeImages().size(), chunker::Codecs().size());
  for (const ProbeImage& probe : ProbeImages()) {
    EXPECT_NE(chunker::CodecOfFeature(probe.feature), nullptr) << probe.feature;
  }
}

}  // namespace
}  // namespace activator
