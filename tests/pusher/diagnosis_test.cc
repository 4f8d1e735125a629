// What imgpush doctor makes of what a host says.
#include "pusher/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace pusher {
namespace {

using testing::HasSubstr;

class DiagnosisTest : public testing::Test {
 protected:
  DiagnosisTest() {
    host_.facts = {{"kernel", "6.12.9-amd64"},
                   {"machine", "x86_64"},
                   {"systemd", "systemd 257 (257.1-7)"},
                   {"features", "erofs-lz4 erofs-zstd"},
                   {"free-bytes", "5000000000"},
                   {"reflink", "yes"},
                   {"fs-verity", "yes"},
                   {"dm-verity", "yes"}};
    images_.emplace_back().image.required_features = {"erofs-zstd"};
  }

  Finding Of(const std::string& name) const {
    const std::vector<Finding> findings = Diagnose(host_, images_);
    const auto found = std::ranges::find(findings, name, &Finding::name);
    return found == findings.end() ? Finding{"none", Verdict::kUnknown, "", ""} : *found;
  }
  bool Ready() const { return IsReady(Diagnose(host_, images_)); }
  // A row's verdict with one fact of the host changed, whether it is ready then, and its texts.
  void Expect(const std::string& row, Verdict verdict, const std::string& key,
              const std::string& fact, const std::string& text) {
    const std::map<std::string, std::string> before = host_.facts;
    host_.facts[key] = fact;
    const Finding finding = Of(row);
    EXPECT_EQ(finding.verdict, verdict) << row;
    EXPECT_THAT(finding.text + "; " + finding.advice, HasSubstr(text)) << row;
    EXPECT_EQ(Ready(), verdict == Verdict::kYes || verdict == Verdict::kNote) << row;
    host_.facts = before;
  }

  Examination host_;
  std::vector<images::Manifest> images_;
};

TEST_F(DiagnosisTest, AHostThatHasAllIsReady) {
  EXPECT_TRUE(Ready());
  for (const Finding& finding : Diagnose(host_, images_)) {
    EXPECT_EQ(finding.verdict, Verdict::kYes) << finding.name << ": " << finding.text;
  }
  EXPECT_EQ(Of("login").text, "root");
  EXPECT_EQ(Of("kernel").text, "6.12.9-amd64");
  EXPECT_EQ(Of("space").text, "5.00 GB free");
}

TEST_F(DiagnosisTest, VerityIsNeededWhereAnImageWantsIt) {
  Expect("verity", Verdict::kNote, "dm-verity", "no: this host's kernel has no dm-verity",
         "for \"verity\": true: no: this host's kernel has no dm-verity");
  Expect("verity", Verdict::kNote, "fs-verity", "no", "fs-verity, used for each image: no");
  images_[0].image.verity_root = base::Sha256();
  Expect("verity", Verdict::kNo, "dm-verity", "no: install libcryptsetup12", "libcryptsetup12");
  Expect("verity", Verdict::kNote, "fs-verity", "no", "fs-verity, used for each image: no");
}

TEST_F(DiagnosisTest, WhatAPushWouldRefuseIsNoWithItsRemedy) {
  Expect("login", Verdict::kNo, "way-problem", "needs root there: log in as root", "log in as");
  Expect("tools", Verdict::kNo, "tools-problem", "it lacks stat", "lacks stat");
  Expect("systemd", Verdict::kNo, "systemd-problem", "it does not run systemd", "does not run");
  Expect("systemd", Verdict::kNo, "systemd", "systemd 249 (249.11)", "252 or later is needed");
  Expect("systemd", Verdict::kNo, "systemd", "", "does not say its version");
  Expect("machine", Verdict::kNo, "machine-problem", "it is riscv64", "riscv64");
  Expect("root", Verdict::kNo, "path-problem", "/srv belongs to user 7", "user 7");
  Expect("root", Verdict::kNo, "root-problem", "/srv/x is a link", "is a link");
  Expect("writable", Verdict::kNo, "write-problem", "/ is read-only", "read-only");
  Expect("programs", Verdict::kNo, "noexec-problem", "is mounted noexec", "noexec");
  Expect("space", Verdict::kNo, "free-bytes", "4000000", "4.0 MB free, the image and 4.2 MB");
  Expect("space", Verdict::kNo, "space-problem", "3 inodes free", "inodes");
  Expect("boot unit", Verdict::kNo, "boot-problem", "is masked", "masked");
  Expect("loop devices", Verdict::kNo, "loop-problem", "no /dev/loop-control", "module loop");
  Expect("EROFS zstd", Verdict::kUnknown, "loop-problem", "no /dev/loop-control", "loop devices");
  Expect("namespaces", Verdict::kNo, "namespace-problem", "not permitted", "container");
}

TEST_F(DiagnosisTest, ACodecIsNeededByTheImagesThatAreToRun) {
  Expect("EROFS zstd", Verdict::kNo, "features", "erofs-lz4", "build with --target lz4");
  Expect("EROFS zstd", Verdict::kNo, "features", "", "needs EROFS and loop devices");
  Expect("EROFS lz4", Verdict::kNote, "features", "erofs-zstd", "cannot mount lz4");
  images_[0].image.required_features = {"erofs-lz4"};
  Expect("EROFS zstd", Verdict::kNote, "features", "erofs-lz4", "cannot mount zstd");
  images_[0].architecture = "aarch64";
  images_[0].name = "web";
  Expect("machine", Verdict::kNo, "machine", "x86_64", "the image web is built for aarch64");
}

TEST_F(DiagnosisTest, ImagesThatAreNamedNeedRoom) {
  images_.emplace_back();
  images_[0].image.size_bytes = images_[1].image.size_bytes = 100'000'000;
  Expect("space", Verdict::kNo, "free-bytes", "200000000",
         "200.0 MB and 4.2 MB to spare are needed");
  Expect("space", Verdict::kYes, "free-bytes", "205000000", "205.0 MB free");
}

TEST_F(DiagnosisTest, WhatIsWorthKnowingIsANote) {
  Expect("container", Verdict::kNote, "container", "lxc", "loop devices and mounts");
  Expect("/etc", Verdict::kNote, "unit-directory", "/run/systemd/system", "read-only");
  Expect("SELinux", Verdict::kNote, "selinux", "SELinux is enforcing", "enforcing");
  Expect("reflink", Verdict::kNote, "reflink", "no", "its whole size");
  Expect("login", Verdict::kYes, "by", "anna, root by sudo", "anna, root by sudo");
  EXPECT_EQ(Of("container").name, "none");
}

TEST_F(DiagnosisTest, SshKeygenIsNeededWhereImagesMustBeSigned) {
  Expect("signatures", Verdict::kYes, "trust", "off", "it takes all images; ssh-keygen can");
  Expect("signatures", Verdict::kNote, "ssh-keygen-problem", "ssh-keygen is not installed",
         "not installed; it takes all images, until imgpush --trust");
  Expect("signatures", Verdict::kYes, "trust", "on", "it takes signed images alone");
  host_.facts["trust"] = "on";
  Expect("signatures", Verdict::kNo, "ssh-keygen-problem", "ssh-keygen is not installed",
         "not installed");
  host_.facts["trust"] = "";
  Expect("signatures", Verdict::kNo, "trust-problem", "signers line 3 is no key", "line 3");
}

TEST_F(DiagnosisTest, AClockThatIsWrongIsANote) {
  for (const int seconds : {-40, 31, 86400}) {
    host_.clock_ahead = std::chrono::seconds(seconds);
    EXPECT_EQ(Of("clock").verdict, Verdict::kNote);
    EXPECT_THAT(Of("clock").advice, HasSubstr("set-ntp"));
  }
  EXPECT_EQ(Of("clock").text, "86400 s ahead of ours");
  host_.clock_ahead = std::chrono::seconds(-29);
  EXPECT_EQ(Of("clock").verdict, Verdict::kYes);
}

TEST_F(DiagnosisTest, WhatOnlyTheAgentKnowsIsUnknownWithoutIt) {
  Expect("agent", Verdict::kUnknown, "agent-problem", "it needs root", "it needs root");
  for (const char* row : {"EROFS zstd", "loop devices", "namespaces", "root", "space", "programs",
                          "writable", "boot unit"}) {
    Expect(row, Verdict::kUnknown, "agent-problem", "it needs root", "the agent would say");
  }
}

}  // namespace
}  // namespace pusher
