#include "images/version/content_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/synthetic_image.h"

namespace images {
namespace {

class ContentCacheTest : public testing::Test {
 protected:
  void Open(const std::vector<std::string>& chunks) {
    const ImageDirectory image(tests::WriteImage(
        directory_.path(), {"app", "1", chunks, "", {}, false, tests::ZstdCodec()}));
    reader_.emplace(image);
    image_ = image.image_path();
  }
  // After the image is gone from under the reader.
  bool IsKept(size_t entry) {
    const std::string bytes = base::ReadFile(image_);
    const base::UniqueFd fd = base::Open(image_, O_WRONLY | O_TRUNC, 0);
    bool out = true;
    try {
      cache_.Get(*reader_, reader_->index().chunks()[entry]);
    } catch (const base::Error&) {
      out = false;
    }
    base::WriteAll(fd.get(), base::AsBytes(bytes), image_);
    return out;
  }
  void Get(size_t entry) { cache_.Get(*reader_, reader_->index().chunks()[entry]); }

  base::TemporaryDirectory directory_{"/tmp", "content-cache-"};
  std::optional<ChunkReader> reader_;
  std::string image_;
  ContentCache cache_{100'000};
};

TEST_F(ContentCacheTest, KeepsWhatWasAskedForLately) {
  Open({tests::NoiseBytes(1, 40'000), tests::NoiseBytes(2, 40'000), tests::NoiseBytes(3, 40'000)});
  for (const size_t entry : {0U, 1U, 0U, 2U}) {
    Get(entry);
  }
  EXPECT_TRUE(IsKept(0));
  EXPECT_TRUE(IsKept(2));
  EXPECT_FALSE(IsKept(1));
  cache_.Clear();
  EXPECT_FALSE(IsKept(0));
}

// A frame of one byte and very many blocks without content, as a peer may send it.
TEST_F(ContentCacheTest, CountsBlocksToo) {
  const std::string empty_block(3, '\0');
  std::string frame("\x28\xb5\x2f\xfd\x00\x00\x08\x00\x00x", 10);
  for (int i = 0; i < 20'000; ++i) {
    frame += empty_block;
  }
  frame += std::string("\x01\x00\x00", 3);
  Open({frame, tests::NoiseBytes(1, 1000)});
  const ContentCache::Content content = cache_.Get(*reader_, reader_->index().chunks()[0]);
  ASSERT_TRUE(content->framed);
  ASSERT_EQ(content->bytes.size(), 1U);
  Get(1);
  EXPECT_FALSE(IsKept(0));
  EXPECT_TRUE(IsKept(1));
}

}  // namespace
}  // namespace images
