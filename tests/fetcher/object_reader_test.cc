#include "fetcher/object_reader.h"

#include <gmock/gmock.h>

#include "store/folder_store.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"
#include "tests/support/synthetic_image.h"

namespace fetcher {
namespace {

class ObjectReaderTest : public tests::ScratchTest {
 protected:
  std::string ReadAll(size_t step) {
    ObjectReader reader(store_, "deltas/one");
    EXPECT_TRUE(reader.Open());
    std::string out;
    std::vector<uint8_t> piece(step);
    while (const size_t bytes = reader.Read(piece)) {
      out += base::AsText(base::Bytes(piece).first(bytes));
    }
    return out;
  }
  store::FolderStore store_{At("store")};
};

TEST_F(ObjectReaderTest, AnObjectIsReadWhole) {
  for (const size_t size : {size_t{1}, size_t{70'000}, size_t{kPieceBytes}, kPieceBytes + 1,
                            2 * kPieceBytes, 2 * kPieceBytes + 5}) {
    const std::string text = tests::NoiseBytes(size, size);
    store_.Put("deltas/one", store::Content::Text(text));
    EXPECT_TRUE(ReadAll(100'001) == text) << size;
  }
}

TEST_F(ObjectReaderTest, WhatIsMissingIsNoError) {
  EXPECT_FALSE(ObjectReader(store_, "deltas/none").Open());
}

TEST_F(ObjectReaderTest, OneThatIsRemovedMeanwhileIsDamaged) {
  store_.Put("deltas/one", store::Content::Text(tests::NoiseBytes(1, 2 * kPieceBytes)));
  ObjectReader reader(store_, "deltas/one");
  ASSERT_TRUE(reader.Open());
  store_.Delete("deltas/one");
  std::vector<uint8_t> piece(100);
  EXPECT_EQ(tests::ErrorOf([&] { reader.Read(piece); }).code(), base::ExitCode::kVerification);
}

}  // namespace
}  // namespace fetcher
