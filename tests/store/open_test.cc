// Locations, keys of S3, and certificates: what a store is opened with.
#include "store/open.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "store/ca_bundle.h"
#include "store/credentials.h"
#include "store/location.h"
#include "store/retry.h"
#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace store {
namespace {

using std::filesystem::perms;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(LocationTest, EachFormIsRead) {
  EXPECT_EQ(ParseLocation("/srv/stick").folder, "/srv/stick");
  EXPECT_EQ(ParseLocation("file:///srv/stick").folder, "/srv/stick");
  EXPECT_EQ(ParseLocation("./x").folder, (std::filesystem::current_path() / "x").string());
  const Location web = ParseLocation("https://example.org:8443/a/b/");
  EXPECT_EQ(web.kind, Kind::kWeb);
  EXPECT_EQ(web.server, "https://example.org:8443");
  EXPECT_EQ(web.path, "a/b");
  const Location bucket = ParseLocation("s3://my-bucket/pre/fix?region=eu-north-1");
  EXPECT_EQ(bucket.kind, Kind::kS3);
  EXPECT_EQ(bucket.server, "");
  EXPECT_EQ(bucket.bucket, "my-bucket");
  EXPECT_EQ(bucket.path, "pre/fix");
  EXPECT_EQ(bucket.region, "eu-north-1");
  const Location there = ParseLocation("s3+http://[::1]:7480/bucket");
  EXPECT_EQ(there.server, "http://[::1]:7480");
  EXPECT_EQ(there.bucket, "bucket");
  EXPECT_EQ(there.path, "");
}

TEST(LocationTest, OthersAreRefusedWithoutRepeatingAPassword) {
  for (const char* text : {"",
                           "stick",
                           "ftp://a/b",
                           "https://",
                           "https:///a",
                           "https://a:x/",
                           "https://a b/c",
                           "s3://",
                           "s3://Bucket",
                           "s3://a/b c",
                           "s3://a/../b",
                           "s3://a?x=1",
                           "s3://a?region=",
                           "s3+ftp://a/b",
                           "s3+https://host",
                           "s3+https://host/",
                           "https://a/b?c=d",
                           "https://a/#x",
                           "file://x",
                           "http+https://a/b",
                           "https://:80/"}) {
    const base::Error error = tests::ErrorOf([&] { ParseLocation(text); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage) << text;
  }
  EXPECT_THAT(tests::MessageOf([&] { ParseLocation("s3+https://key:topsecret@host/bucket"); }),
              AllOf(HasSubstr("AWS_ACCESS_KEY_ID"), Not(HasSubstr("topsecret"))));
}

TEST(LocationTest, TheEndpointOfTheEnvironmentCounts) {
  const auto open = [] {
    return Open("s3://bucket/a", {.region = "eu-1", .anonymous = true, .ca_file = "/dev/null"});
  };
  EXPECT_EQ(open()->location(), "https://s3.eu-1.amazonaws.com/bucket/a");
  ::setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1/", 1);
  EXPECT_EQ(open()->location(), "http://127.0.0.1:1/bucket/a");
  ::setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2", 1);
  EXPECT_EQ(open()->location(), "http://127.0.0.1:2/bucket/a");
  ::setenv("AWS_ENDPOINT_URL_S3", "http://a:topsecret@127.0.0.1:2", 1);
  EXPECT_THAT(tests::MessageOf(open), AllOf(HasSubstr("endpoint"), Not(HasSubstr("topsecret"))));
  ::unsetenv("AWS_ENDPOINT_URL_S3");
  ::unsetenv("AWS_ENDPOINT_URL");
}

class CredentialsTest : public tests::ScratchTest {
 protected:
  std::string PutFile(const std::string& text, perms mode = perms::owner_read) const {
    std::filesystem::remove(At("keys"));
    Put("keys", text);
    std::filesystem::permissions(At("keys"), mode);
    return At("keys");
  }
  void TearDown() override {
    for (const char* name :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
          "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE", "CREDENTIALS_DIRECTORY"}) {
      ::unsetenv(name);
    }
  }
};

TEST_F(CredentialsTest, AProfileOfAFileIsRead) {
  const std::string path = PutFile(
      "aws_access_key_id=first\r\naws_secret_access_key = s/e+c=ret \n# x=y\n"
      "[ other ]\naws_access_key_id = second\naws_secret_access_key=x\naws_session_token=t\n");
  EXPECT_EQ(ReadCredentials(path).key_id, "first");
  EXPECT_EQ(ReadCredentials(path).secret, "s/e+c=ret");
  EXPECT_EQ(ReadCredentials(path, "other").key_id, "second");
  EXPECT_EQ(ReadCredentials(path, "other").token, "t");
  EXPECT_THAT(tests::MessageOf([&] { ReadCredentials(path, "none"); }),
              HasSubstr("profile none of " + path + " has no aws_access_key_id"));
}

TEST_F(CredentialsTest, WhatOthersCanReadIsRefused) {
  const std::string text = "aws_access_key_id=a\naws_secret_access_key=b\n";
  for (const perms mode : {perms::group_read, perms::others_read, perms::group_write}) {
    const std::string path = PutFile(text, perms::owner_read | mode);
    EXPECT_THAT(tests::MessageOf([&] { ReadCredentials(path); }), HasSubstr("chmod 600 " + path));
  }
  ::setenv("CREDENTIALS_DIRECTORY", scratch().c_str(), 1);
  EXPECT_EQ(ReadCredentials(PutFile(text, perms::owner_read | perms::group_read)).key_id, "a");
  EXPECT_THAT(tests::MessageOf(
                  [&] { ReadCredentials(PutFile(text, perms::owner_read | perms::others_read)); }),
              HasSubstr("chmod 600"));
}

TEST_F(CredentialsTest, WhatIsNoKeyIsRefusedWithoutRepeatingIt) {
  for (const char* text : {"aws_access_key_id=a\n", "aws_access_key_id=a\naws_secret_access_key=\n",
                           "aws_access_key_id=a b\naws_secret_access_key=topsecret\n",
                           "aws_access_key_id=a:b\naws_secret_access_key=topsecret\n",
                           "aws_access_key_id=a\naws_secret_access_key=top\tsecret\n"}) {
    const base::Error error = tests::ErrorOf([&] { ReadCredentials(PutFile(text)); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage);
    EXPECT_THAT(error.what(), Not(HasSubstr("secret\n")));
    EXPECT_THAT(error.what(), Not(HasSubstr("topsecret")));
  }
}

TEST_F(CredentialsTest, TheEnvironmentHasThemToo) {
  ::setenv("HOME", scratch().c_str(), 1);
  EXPECT_EQ(CredentialsOfEnvironment(), std::nullopt);
  ::setenv("AWS_SHARED_CREDENTIALS_FILE",
           PutFile("[p]\naws_access_key_id=file\naws_secret_access_key=x\n").c_str(), 1);
  ::setenv("AWS_PROFILE", "p", 1);
  EXPECT_EQ(CredentialsOfEnvironment()->key_id, "file");
  ::setenv("AWS_ACCESS_KEY_ID", "variable", 1);
  EXPECT_THAT(tests::MessageOf([] { CredentialsOfEnvironment(); }),
              HasSubstr("AWS_SECRET_ACCESS_KEY"));
  ::setenv("AWS_SECRET_ACCESS_KEY", "x", 1);
  EXPECT_EQ(CredentialsOfEnvironment()->key_id, "variable");
}

class CaBundleTest : public tests::ScratchTest {
 protected:
  void SetUp() override { ::unsetenv("SSL_CERT_FILE"); }
  void TearDown() override { ::unsetenv("SSL_CERT_FILE"); }
};

TEST_F(CaBundleTest, IsFoundWhereEachDistributionHasIt) {
  EXPECT_THAT(tests::MessageOf([&] { CaBundle("", scratch()); }), HasSubstr("ca-certificates"));
  for (const char* place :
       {"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"}) {
    Put(place + 1, "x");
    EXPECT_EQ(CaBundle("", scratch()), scratch() + place);
  }
  ::setenv("SSL_CERT_FILE", Put("variable", "x").c_str(), 1);
  EXPECT_EQ(CaBundle("", scratch()), At("variable"));
  EXPECT_EQ(CaBundle(Put("configured", "x"), scratch()), At("configured"));
  EXPECT_THAT(tests::MessageOf([&] { CaBundle(At("missing")); }), HasSubstr("there is no"));
}

TEST(RetryTest, RetryAfterIsSecondsOrADate) {
  EXPECT_EQ(ParseRetryAfter("2"), std::chrono::seconds(2));
  EXPECT_EQ(ParseRetryAfter("Fri, 31 Dec 1999 23:59:59 GMT"), std::chrono::seconds(0));
  EXPECT_GT(ParseRetryAfter("Fri, 31 Dec 2199 23:59:59 GMT"), std::chrono::hours(1));
  for (const char* text : {"", "-1", "soon", "99999999999999999999"}) {
    EXPECT_EQ(ParseRetryAfter(text).value_or(std::chrono::seconds(0)), std::chrono::seconds(0))
        << text;
  }
}

TEST(RetryTest, DelaysGrowToTheirLimitAndServersMayAskForMore) {
  using std::chrono::milliseconds;
  Answer busy;
  busy.status = 503;
  Retries retries({5, milliseconds(100), milliseconds(400), milliseconds(3000)});
  for (const int64_t most : {100, 200, 400, 400}) {
    const milliseconds delay = retries.Next(busy).value();
    EXPECT_LE(delay.count(), most);
    EXPECT_GE(delay.count(), most / 2);
  }
  busy.headers["retry-after"] = "999999";
  EXPECT_EQ(retries.Next(busy), milliseconds(3000));
  EXPECT_EQ(retries.Next(busy), std::nullopt);
  Answer missing;
  missing.status = 404;
  EXPECT_EQ(Retries({}).Next(missing), std::nullopt);
}

}  // namespace
}  // namespace store
