#include "activator/os/mounted_image.h"

#include <gmock/gmock.h>

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/errors.h"

namespace activator {
namespace {

constexpr const char* kSample = SLIPWAY_SAMPLE_IMAGE;

// Nobody has the other end of a FIFO in an image: whoever opened it would wait for ever.
TEST(MountedImageTest, OpensRegularFilesAlone) {
  const base::UniqueFd file = base::OpenForReading(kSample);
  std::optional<MountedImage> image;
  try {
    image.emplace(file.get(), kSample);
  } catch (const base::Error& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_EQ(base::PRead(image->Open("/hard").get(), 0, 9, "x"), (std::vector<uint8_t>{'x', '\n'}));
  for (const char* path : {"/fifo", "/dir"}) {
    EXPECT_THAT(tests::MessageOf([&] { image->Open(path); }),
                testing::EndsWith("is no regular file"));
  }
}

}  // namespace
}  // namespace activator
