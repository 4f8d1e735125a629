#include "base/keyed_hash.h"

#include "base/error.h"
#include "base/hex.h"
#include "tests/support/errors.h"

namespace base {
namespace {

std::string HashOf(const std::string& key, const std::string& text) {
  return ToHex(KeyedHash(key).Of(AsBytes(text)));
}

const std::string kZeros(KeyedHash::kKeyBytes, '\0');

// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 1; and what openssl-mac(1)
// says.
TEST(KeyedHashTest, IsGmac) {
  EXPECT_EQ(HashOf(kZeros, ""), "58e2fccefa7e3061367f1d57a4e7455a");
  EXPECT_EQ(HashOf(kZeros, "abc"), "258281014dcf7bc2eac3be27cc039fb4");
}

TEST(KeyedHashTest, DependsOnKeyAndContent) {
  const std::string key = KeyedHash::NewKey();
  EXPECT_EQ(HashOf(key, "content"), HashOf(key, "content"));
  EXPECT_NE(HashOf(key, "content"), HashOf(key, "contenu"));
  EXPECT_NE(HashOf(key, "content"), HashOf(KeyedHash::NewKey(), "content"));
}

TEST(KeyedHashTest, RefusesAKeyOfAnotherLength) {
  EXPECT_EQ(tests::ErrorOf([] { const KeyedHash hash("short"); }).code(), ExitCode::kFailed);
}

}  // namespace
}  // namespace base
