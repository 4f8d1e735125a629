#include "images/name.h"

#include "tests/support/errors.h"

namespace images {
namespace {

using base::ExitCode;

TEST(Name, IsLowerCaseLettersDigitsAndSomeMarks) {
  for (const std::string& name :
       {std::string("nginx"), std::string("7zip"), std::string("a-b_c.d"), std::string(64, 'a')}) {
    EXPECT_NO_THROW(CheckName(name, "image name")) << name;
  }
}

TEST(Name, OfAnotherKindIsRefused) {
  for (const std::string& name :
       {std::string(), std::string(65, 'a'), std::string("Nginx"), std::string("-a"),
        std::string(".a"), std::string("_a"), std::string("a/b"), std::string(".."),
        std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("ä"),
        std::string("lost+found")}) {
    EXPECT_EQ(tests::ErrorOf([&] {
                try {
                  CheckName(name, "image name");
                } catch (const base::Error& error) {
                  throw base::Error(error.code(), "one line");  // the name may hold a newline
                }
              }).code(),
              ExitCode::kUsage)
        << name;
  }
  EXPECT_EQ(tests::MessageOf([] { CheckName("Nginx", "image name"); }),
            "image name 'Nginx' is not possible: use 1 to 64 of a-z, 0-9, '-', '_' and '.', "
            "starting with a letter or digit");
}

TEST(Name, OfTheHostsLayoutIsReserved) {
  for (const char* name : {"generations", "incoming", "bin", "current", "lock", "trust", "pull",
                           "switch.json", "history.jsonl", "x.json"}) {
    EXPECT_EQ(tests::MessageOf([&] { CheckName(name, "image name"); }),
              fmt::format("image name '{}' is reserved; choose another", name));
  }
}

TEST(Name, FromAFileIsAnErrorOfThatFilesKind) {
  EXPECT_EQ(tests::ErrorOf([] { CheckName("X", "name", ExitCode::kVerification); }).code(),
            ExitCode::kVerification);
  EXPECT_EQ(tests::ErrorOf([] { CheckName("bin", "name", ExitCode::kVerification); }).code(),
            ExitCode::kVerification);
}

TEST(ImageIdTest, IsTheStartOfTheManifestsDigest) {
  EXPECT_EQ(ImageId::Of(base::Sha256Of("abc")).text(), "ba7816bf8f01cfea");
}

TEST(ImageIdTest, IsReadFromSixteenLowerCaseDigits) {
  EXPECT_EQ(ImageId::Parse("0123456789abcdef").text(), "0123456789abcdef");
  for (const char* bad : {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                          "0123456789abcdeg", "../3456789abcdef"}) {
    EXPECT_EQ(tests::ErrorOf([&] { ImageId::Parse(bad); }).code(), ExitCode::kUsage) << bad;
  }
}

TEST(PlainAbsolutePathTest, MeansTheSameInsideEveryRoot) {
  EXPECT_TRUE(IsPlainAbsolutePath("/etc/nginx/nginx.conf"));
  EXPECT_TRUE(IsPlainAbsolutePath("/..."));
  EXPECT_TRUE(IsPlainAbsolutePath("/" + std::string(255, 'n')));
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("etc"), std::string("//etc"),
        std::string("/etc/"), std::string("/etc//x"), std::string("/./etc"), std::string("/etc/.."),
        std::string("/a\nb"), std::string("/a\0b", 4), "/" + std::string(256, 'n')}) {
    EXPECT_FALSE(IsPlainAbsolutePath(path)) << path;
  }
}

}  // namespace
}  // namespace images
