#include "base/digest.h"

#include "base/error.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

// FIPS 180-2, appendix B, and NIST's example of the empty message.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Of("").ToHex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Of("abc").ToHex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").ToHex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Of(std::string(1'000'000, 'a')).ToHex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Test, OfPiecesIsThatOfTheWhole) {
  Sha256Hasher hasher;
  for (const std::string_view piece : {"a", "", "bc"}) {
    hasher.Update(AsBytes(piece));
  }
  EXPECT_EQ(hasher.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, HasherIsAsNewWhenFinished) {
  Sha256Hasher hasher;
  hasher.Update(AsBytes("something"));
  hasher.Finish();
  hasher.Update(AsBytes("abc"));
  EXPECT_EQ(hasher.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, IsReadFromLowerCaseHexAlone) {
  const std::string digits = Sha256Of("abc").ToHex();
  EXPECT_EQ(Sha256::FromHex(digits), Sha256Of("abc"));
  EXPECT_EQ(Sha256::FromHex(digits.substr(1)), std::nullopt);
  EXPECT_EQ(Sha256::FromHex(digits + "0"), std::nullopt);
  EXPECT_EQ(Sha256::FromHex("B" + digits.substr(1)), std::nullopt);
  EXPECT_EQ(Sha256::FromHex("g" + digits.substr(1)), std::nullopt);
  EXPECT_EQ(Sha256::FromHex(""), std::nullopt);
}

using Sha256OfFileTest = tests::ScratchTest;

TEST_F(Sha256OfFileTest, ReadsAllOfIt) {
  const std::string content(3'000'000, 'a');
  EXPECT_EQ(Sha256OfFile(Put("f", content)), Sha256Of(content));
  EXPECT_EQ(Sha256OfFile(Put("empty", "")), Sha256Of(""));
  EXPECT_EQ(tests::ErrorOf([&] { Sha256OfFile(At("none")); }).error_number(), ENOENT);
}

}  // namespace
}  // namespace base
