// config.json, the units, and what enrolling leaves on a host.
#include "activator/pull/enroll.h"

#include <gmock/gmock.h>

#include "activator/pull/programs.h"
#include "activator/pull/pull_files.h"
#include "activator/pull/pull_units.h"
#include "activator/trust/set_trust.h"
#include "activator/uninstall.h"
#include "base/atomic_file.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"
#include "tests/support/faulty_sys.h"

namespace activator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PullConfig Sample() {
  PullConfig out;
  out.store = "s3://apps";
  out.region = "eu-1";
  out.host = "web1";
  out.groups = {"canary"};
  out.channels = {"base", "web"};
  out.every = "*:0/15";
  out.random_delay_seconds = 300;
  return out;
}

TEST(PullConfigTest, IsReadAsItIsWrittenAndNothingElse) {
  const auto read = [](const std::string& text) {
    return PullConfig::Parse(text, "config.json", base::ExitCode::kFailed);
  };
  const std::string text = Sample().Serialize();
  EXPECT_EQ(read(text), Sample());
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& why) {
    std::string other = text;
    other.replace(other.find(from), from.size(), to);
    EXPECT_THAT(tests::MessageOf([&] { read(other); }), HasSubstr(why)) << to;
  };
  refused("\"format\": 1", "\"format\": 2", "format");
  refused("\"region\"", "\"regions\"", "regions");
  refused("s3://apps", "", "expected a store");
  refused("\"web1\"", "\"a/b\"", "expected a host's name");
  refused("\"web\"", "\"config\"", "rename it");
  refused("\"web\"", "\"base\"", "each once");
  refused("\"web\"", "\"../web\"", "channel");
  refused("canary", "can ary", "is no group");
  refused("*:0/15", "hourly\\nX=1", "expected a time");
  refused("*:0/15", "%h", "expected a time");
  refused("300", "99999999", "random_delay_seconds");
  refused("\"ca_file\": \"\"", "\"ca_file\": \"ca.pem\"", "absolute path");
}

TEST(PullUnitsTest, AreTheseTexts) {
  const images::HostLayout layout("/var/lib/images");
  std::map<std::string, std::string> texts = RenderPullUnits(layout, Sample(), true);
  EXPECT_EQ(texts.size(), kPullUnits.size());
  EXPECT_THAT(texts[units::kPullUnit],
              HasSubstr("ExecStart=/var/lib/images/bin/activate --root /var/lib/images pull\n"));
  EXPECT_THAT(texts[units::kPullTimer], HasSubstr("OnCalendar=*:0/15\nRandomizedDelaySec=300\n"));
  EXPECT_THAT(texts[units::kFetchSocket],
              HasSubstr("ListenStream=/run/slipway-fetch.sock\nSocketMode=0600\nAccept=yes\n"));
  EXPECT_THAT(
      texts[units::kFetchUnit],
      HasSubstr("ExecStart=/var/lib/images/bin/fetch\nStandardInput=socket\n"
                "StandardOutput=socket\nStandardError=journal\n"
                "LoadCredential=store:/var/lib/images/pull/credentials\nDynamicUser=yes\n"));
  texts = RenderPullUnits(layout, Sample(), false);
  EXPECT_THAT(texts[units::kFetchUnit], Not(HasSubstr("LoadCredential")));
}

class EnrollTest : public HostTest {
 protected:
  EnrollTest() : keys_(MakeFolder(root + "/keys")) {
    SetTrust(layout, keys_.TrustIn({"alice"}));
    base::WriteFileAtomically(layout.Bin() + "/fetch-" + base::Sha256Of("fetch").ToHex(), "fetch",
                              0755);
    enrollment_.config = Sample();
    enrollment_.credentials = "aws_access_key_id = K\n";
    enrollment_.fetch_sha256 = base::Sha256Of("fetch");
    base::ReplaceSymlink("activate-of-a-push", layout.Bin() + "/activate");
    base::WriteFileAtomically(layout.Bin() + "/activate-of-a-push", "#!/bin/sh\necho activate 9\n",
                              0755);
    systemd.touch_up = [](UnitState& state) { state.active = "active"; };
  }
  static const std::string& MakeFolder(const std::string& path) {
    base::MakeDirectories(path);
    return path;
  }
  bool EnrollNow() {
    return Enroll(host, enrollment_, [] {});
  }
  void ExpectEnrolled() {
    EXPECT_EQ(LoadConfig(layout), enrollment_.config);
    EXPECT_EQ(InstalledPullUnits(host).size(), kPullUnits.size());
    EXPECT_TRUE(base::Exists(units + "/timers.target.wants/slipway-pull.timer"));
    EXPECT_TRUE(base::Exists(units + "/sockets.target.wants/slipway-fetch.socket"));
    EXPECT_EQ(base::ReadFile(FetchLink(layout)), "fetch");
    EXPECT_EQ(base::StatIfThere(CredentialsFile(layout))->st_mode & 07777U, 0600U);
    EXPECT_EQ(base::StatIfThere(ConfigFile(layout))->st_mode & 07777U, 0644U);
  }
  void ExpectNothing() {
    EXPECT_FALSE(base::LstatIfThere(layout.Pull()));
    EXPECT_THAT(InstalledPullUnits(host), IsEmpty());
    EXPECT_FALSE(base::LstatIfThere(units + "/timers.target.wants/slipway-pull.timer"));
    EXPECT_FALSE(base::LstatIfThere(units + "/sockets.target.wants/slipway-fetch.socket"));
    EXPECT_FALSE(base::LstatIfThere(FetchLink(layout)));
  }

  tests::Keys keys_;
  Enrollment enrollment_;
};

TEST_F(EnrollTest, TheSameAgainIsNoChangeAndRemoveUndoesIt) {
  EXPECT_TRUE(EnrollNow());
  ExpectEnrolled();
  EXPECT_THAT(systemd.calls, testing::Contains("reload"));
  systemd.calls.clear();
  EXPECT_FALSE(EnrollNow());
  EXPECT_THAT(systemd.calls, IsEmpty());
  enrollment_.config.every = "daily";
  EXPECT_TRUE(EnrollNow());
  EXPECT_THAT(systemd.calls, ElementsAre("reload", "restart slipway-pull.timer"));
  enrollment_.credentials.reset();
  EXPECT_TRUE(EnrollNow());
  EXPECT_FALSE(base::LstatIfThere(CredentialsFile(layout)));
  EXPECT_TRUE(Unenroll(host));
  ExpectNothing();
  EXPECT_FALSE(Unenroll(host));
}

TEST_F(EnrollTest, AHostThatIsNotReadyIsRefusedAndUnchanged) {
  const auto refused = [&](const std::string& why) {
    EXPECT_THAT(tests::MessageOf([&] { EnrollNow(); }), HasSubstr(why));
    EXPECT_FALSE(LoadConfig(layout));
    EXPECT_THAT(InstalledPullUnits(host), IsEmpty());
  };
  enrollment_.fetch_sha256 = base::Sha256Of("another");
  refused("is not there, or not whole");
  enrollment_.fetch_sha256 = base::Sha256Of("fetch");
  base::ReplaceSymlink("/dev/null", units + "/slipway-pull.timer");
  refused("systemctl unmask slipway-pull.timer");
  base::Unlink(units + "/slipway-pull.timer");
  base::RemoveTree(layout.Trust());
  refused("imgpush --trust");
  host.configured_directory = root;
  refused("cannot be written");
}

TEST_F(EnrollTest, WhatDoesNotStartIsSaid) {
  systemd.touch_up = nullptr;
  EXPECT_THAT(tests::MessageOf([&] { EnrollNow(); }),
              HasSubstr("was not started: systemctl status slipway-"));
}

TEST_F(EnrollTest, CutOffAnywhereItIsRepeated) {
  for (const bool removes : {false, true}) {
    size_t calls = 1;
    for (size_t fails_at = 1; fails_at <= calls; ++fails_at) {
      removes ? EnrollNow() : Unenroll(host);
      tests::FaultySys faulty;
      faulty.FailCall(fails_at, EIO);
      try {
        const base::ScopedSys seam(faulty);
        removes ? Unenroll(host) : EnrollNow();
      } catch (const base::Error&) {
      }
      calls = faulty.calls();
      removes ? Unenroll(host) : EnrollNow();
      removes ? ExpectNothing() : ExpectEnrolled();
      ASSERT_FALSE(HasFailure()) << "after call " << fails_at;
    }
  }
}

TEST_F(EnrollTest, AnUninstallRemovesItToo) {
  EnrollNow();
  systemd.touch_up = nullptr;
  EXPECT_THAT(PlanUninstall(host, false).units, testing::Contains("slipway-pull.timer"));
  Uninstall(host);
  ExpectNothing();
  EXPECT_FALSE(base::Exists(layout.root()));
}

TEST(EnrollmentTest, IsReadStrictly) {
  const auto read = [](const std::string& more) {
    std::string text = Sample().Serialize();
    text.insert(1, more);
    return Enrollment::Parse(text, "stdin");
  };
  const std::string digest = R"("fetch_sha256":")" + base::Sha256Of("fetch").ToHex() + "\",";
  const Enrollment out = read(digest + R"("credentials":"k",)");
  EXPECT_EQ(out.config, Sample());
  EXPECT_EQ(out.credentials, "k");
  EXPECT_EQ(out.fetch_sha256, base::Sha256Of("fetch"));
  EXPECT_FALSE(read(digest).credentials);
  EXPECT_EQ(tests::ErrorOf([&] { read(""); }).code(), base::ExitCode::kUsage);
  EXPECT_THAT(tests::MessageOf([&] { read(digest + R"("credentials":"",)"); }),
              HasSubstr("credentials"));
  EXPECT_THAT(tests::MessageOf([&] { read(digest + R"("key":"",)"); }), HasSubstr("key"));
}

}  // namespace
}  // namespace activator
