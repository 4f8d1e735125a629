#include "activator/report/verify.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "activator/activate.h"
#include "activator/report/report.h"
#include "activator/state/held_versions.h"
#include "activator/trust/set_trust.h"
#include "base/lock.h"
#include "tests/activator/host_fixture.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"
#include "tests/support/synthetic_image.h"

namespace activator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class VerifyTest : public HostTest {
 protected:
  std::string Put(const std::string& name, const std::vector<std::string>& chunks) {
    return tests::WriteImage(layout.root(), {name, "1", chunks, "", {}});
  }
  std::vector<VerifiedVersion> Verified(const std::vector<std::string>& names = {}) {
    return VerifyVersions(layout, names, {});
  }
  static std::string Damage(const std::vector<VerifiedVersion>& versions) {
    try {
      ThrowIfDamaged(versions, false, 1);
      return "";
    } catch (const base::Error& thrown) {
      EXPECT_EQ(thrown.code(), base::ExitCode::kVerification);
      return thrown.what();
    }
  }
};

TEST_F(VerifyTest, WholeVersionsAreWhole) {
  Put("app", {"one", "two"});
  Put("db", {"three"});
  const auto versions = Verified();
  ASSERT_THAT(versions, SizeIs(2));
  EXPECT_EQ(versions[0].problem, "");
  EXPECT_EQ(versions[0].bytes, 6U);
  EXPECT_EQ(Damage(versions), "");
  EXPECT_THAT(VerifyText(versions), HasSubstr("whole, 6 B"));
  EXPECT_THAT(Verified({"db"}), SizeIs(1));
  EXPECT_THROW(Verified({"nothing"}), base::Error);
}

TEST_F(VerifyTest, EveryDamagedChunkIsCounted) {
  const std::string version = Put("app", {"one", "two", "six"});
  Write(version + "/image.erofs", "oneTWOsiX");
  const auto versions = Verified();
  ASSERT_THAT(versions, SizeIs(1));
  EXPECT_EQ(versions[0].damaged_chunks, 2U);
  EXPECT_THAT(Damage(versions), HasSubstr("1 of 1 versions are damaged (app/"));
  EXPECT_THAT(VerifyText(versions), HasSubstr("DAMAGED: 2 of 3 chunks are damaged"));
  EXPECT_THAT(VerifyJson(versions), HasSubstr("\"damaged_chunks\": 2"));
}

TEST_F(VerifyTest, AWrongDigestOfTheWholeIsFoundAlthoughAllChunksAreRight) {
  tests::SyntheticImage image{"app", "1", {"one"}, "", {}};
  image.wrong_image_digest = true;
  tests::WriteImage(layout.root(), image);
  EXPECT_THAT(Verified()[0].problem, HasSubstr("SHA-256"));
}

TEST_F(VerifyTest, WhatIsMissingOrOfAnotherSizeIsDamaged) {
  base::Unlink(Put("a", {"one"}) + "/image.erofs");
  Write(Put("b", {"one"}) + "/image.erofs", "on");
  Write(Put("c", {"one"}) + "/image.caibx", "x");
  Write(Put("d", {"one"}) + "/manifest.json", "{}");
  for (const VerifiedVersion& version : Verified()) {
    EXPECT_NE(version.problem, "") << version.name;
  }
}

TEST_F(VerifyTest, TellsWhichGenerationsNameIt) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0);
  const auto versions = Verified();  // its index is missing
  ASSERT_THAT(versions, SizeIs(1));
  EXPECT_THAT(versions[0].generations, ElementsAre(1));
  EXPECT_THAT(VerifyText(versions), HasSubstr("(generation 1)"));
}

// A push asks for what is marked, as for a version that is not there.
TEST_F(VerifyTest, AMarkedVersionIsNotHeldUntilItIsWholeAgain) {
  const std::string version = Put("app", {"one", "two"});
  Put("db", {"three"});
  MarkDamaged(Verified());
  EXPECT_THAT(CompleteVersions(layout), SizeIs(2));
  Write(version + "/image.erofs", "oneTWO");
  MarkDamaged(Verified());
  EXPECT_TRUE(base::Exists(version + "/" + kDamagedMark));
  ASSERT_THAT(CompleteVersions(layout), SizeIs(1));
  EXPECT_EQ(CompleteVersions(layout)[0].name, "db");
  Write(version + "/image.erofs", "onetwo");
  MarkDamaged(Verified());
  EXPECT_THAT(CompleteVersions(layout), SizeIs(2));
}

TEST_F(VerifyTest, WhatWasFoundIsToldWhereItCannotBeMarked) {
  const std::string version = Put("app", {"one", "two"});
  Write(version + "/image.erofs", "oneTWO");
  Write(layout.root() + "/" + kDirectoryHostMarker, "");
  const base::UniqueFd out = base::Open(root + "/out", O_WRONLY | O_CREAT, 0600);
  const base::FileLock lock(layout.Lock(), "the host", "a test");
  try {
    RunActivate({"--root", layout.root(), "--lock-wait", "0s", "verify", "--repair"},
                {0, out.get(), out.get()});
    FAIL();
  } catch (const base::Error& thrown) {
    EXPECT_EQ(thrown.code(), base::ExitCode::kBusy);
    EXPECT_THAT(thrown.what(), HasSubstr("is not marked for a repair"));
  }
  EXPECT_THAT(base::ReadFile(root + "/out"), HasSubstr("DAMAGED: 1 of 2 chunks are damaged"));
}

class VerifyReleaseTest : public VerifyTest {
 protected:
  static std::string MakeFolder(const std::string& path) {
    base::MakeDirectories(path);
    return path;
  }
  void Sign() {
    keys_.statement_.name = "app";
    keys_.statement_.manifest_sha256 = images::ImageDirectory(version_).stored().digest;
    keys_.statement_.provenance_sha256 = *ProvenanceDigestOf(version_);
    Write(version_ + "/release", keys_.Sign(keys_.statement_, {"alice"}));
  }

  const std::string version_ = Put("app", {"one"});
  tests::Keys keys_{MakeFolder(root + "/keys")};
};

TEST_F(VerifyReleaseTest, WithoutTrustNoReleaseIsRefused) {
  Write(version_ + "/release", "damaged");
  const auto versions = Verified();
  EXPECT_EQ(Damage(versions), "");
  EXPECT_THAT(VerifyText(versions), Not(HasSubstr("REFUSED")));
  Sign();
  EXPECT_THAT(VerifyText(Verified()), HasSubstr("signed for production at"));
}

TEST_F(VerifyReleaseTest, WithTrustItSaysWhatIsNotSigned) {
  SetTrust(layout, keys_.TrustIn({"alice"}));
  EXPECT_THAT(VerifyText(Verified()), HasSubstr("not signed: not activated here"));
  EXPECT_EQ(Damage(Verified()), "");
  Sign();
  EXPECT_THAT(VerifyText(Verified()), HasSubstr("signed by alice@x for production"));
  Write(version_ + "/release", "damaged");
  auto versions = Verified();
  EXPECT_THAT(VerifyText(versions), HasSubstr("REFUSED here: "));
  EXPECT_EQ(Damage(versions), "");  // nor does the unit that runs it once a week fail
  versions[0].generations = {1};    // the active one
  EXPECT_THAT(Damage(versions), HasSubstr("would not be activated here"));
}

TEST_F(VerifyReleaseTest, WithoutSshKeygenNobodyCanTell) {
  SetTrust(layout, keys_.TrustIn({"alice"}));
  Sign();
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const base::Error thrown = tests::ErrorOf([&] { Verified(); });
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(thrown.code(), base::ExitCode::kFailed);
  EXPECT_THAT(thrown.what(), HasSubstr("ssh-keygen is not installed"));
}

}  // namespace
}  // namespace activator
