// config.json, the units, and what enrolling leaves on a host.
#include "activator/pull/enroll.h"

#include <gmock/gmock.h>

#include <set>

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

constexpr const char* kWritten =
    "# Written by Slipway (activate enroll). To change it: enroll anew.\n\n";

TEST(PullUnitsTest, AreTheseTexts) {
  const images::HostLayout layout("/var/lib/images");
  std::map<std::string, std::string> texts = RenderPullUnits(layout, Sample(), true);
  EXPECT_EQ(texts.size(), kPullUnits.size());
  EXPECT_EQ(texts[units::kPullUnit],
            std::string(kWritten) +
                "[Unit]\n"
                "Description=Slipway: pull from channels\n"
                "Requires=slipway-fetch.socket\n"
                "After=slipway-fetch.socket slipway-boot.service network-online.target\n"
                "Wants=network-online.target\n"
                "RequiresMountsFor=/var/lib/images\n"
                "StartLimitIntervalSec=0\n"
                "\n"
                "[Service]\n"
                "Type=oneshot\n"
                "ExecStart=/var/lib/images/bin/activate --root /var/lib/images pull\n"
                "TimeoutStartSec=3h\n");
  EXPECT_EQ(texts[units::kPullTimer], std::string(kWritten) +
                                          "[Unit]\n"
                                          "Description=Slipway: pull from channels\n"
                                          "\n"
                                          "[Timer]\n"
                                          "OnCalendar=*:0/15\n"
                                          "RandomizedDelaySec=300\n"
                                          "FixedRandomDelay=yes\n"
                                          "Persistent=yes\n"
                                          "\n"
                                          "[Install]\n"
                                          "WantedBy=timers.target\n");
  EXPECT_EQ(texts[units::kFetchSocket], std::string(kWritten) +
                                            "[Unit]\n"
                                            "Description=Slipway: what reads the store\n"
                                            "\n"
                                            "[Socket]\n"
                                            "ListenStream=/run/slipway-fetch.sock\n"
                                            "SocketMode=0600\n"
                                            "Accept=yes\n"
                                            "MaxConnections=4\n"
                                            "TriggerLimitIntervalSec=0\n"
                                            "RemoveOnStop=yes\n"
                                            "\n"
                                            "[Install]\n"
                                            "WantedBy=sockets.target\n");
  const std::string sandbox =
      "DynamicUser=yes\n"
      "UMask=0077\n"
      "NoNewPrivileges=yes\n"
      "CapabilityBoundingSet=\n"
      "AmbientCapabilities=\n"
      "ProtectSystem=strict\n"
      "ProtectHome=yes\n"
      "PrivateTmp=yes\n"
      "PrivateDevices=yes\n"
      "DevicePolicy=closed\n"
      "PrivateIPC=yes\n"
      "ProtectKernelTunables=yes\n"
      "ProtectKernelModules=yes\n"
      "ProtectKernelLogs=yes\n"
      "ProtectControlGroups=yes\n"
      "ProtectClock=yes\n"
      "ProtectHostname=yes\n"
      "ProtectProc=invisible\n"
      "ProcSubset=pid\n"
      "RestrictAddressFamilies=AF_INET AF_INET6\n"
      "RestrictNamespaces=yes\n"
      "RestrictRealtime=yes\n"
      "RestrictSUIDSGID=yes\n"
      "RemoveIPC=yes\n"
      "LockPersonality=yes\n"
      "MemoryDenyWriteExecute=yes\n"
      "KeyringMode=private\n"
      "SystemCallArchitectures=native\n"
      "SystemCallFilter=@system-service\n"
      "SystemCallFilter=~@privileged @resources\n"
      "SystemCallErrorNumber=EPERM\n"
      "MemoryMax=256M\n"
      "MemorySwapMax=0\n"
      "TasksMax=64\n"
      "LimitCORE=0\n"
      "RuntimeMaxSec=2h\n"
      "TimeoutStartSec=30s\n"
      "TimeoutStopSec=10s\n";
  const std::string fetch = std::string(kWritten) +
                            "[Unit]\n"
                            "Description=Slipway: reads the store for one pull\n"
                            "CollectMode=inactive-or-failed\n"
                            "RequiresMountsFor=/var/lib/images\n"
                            "\n"
                            "[Service]\n"
                            "ExecStart=/var/lib/images/bin/fetch\n"
                            "StandardInput=socket\n"
                            "StandardOutput=socket\n"
                            "StandardError=journal\n";
  EXPECT_EQ(texts[units::kFetchUnit],
            fetch + "LoadCredential=store:/var/lib/images/pull/credentials\n" + sandbox);
  EXPECT_EQ(RenderPullUnits(layout, Sample(), false)[units::kFetchUnit], fetch + sandbox);
}

// What is restarted is up.
class UpSystemd : public tests::FakeSystemd {
 public:
  using FakeSystemd::FakeSystemd;
  std::map<std::string, UnitState> Show(const UnitNames& names) override {
    std::map<std::string, UnitState> out = FakeSystemd::Show(names);
    for (auto& [name, state] : out) {
      state.active = up.contains(name) ? "active" : "inactive";
      state.load = "loaded";
      state.needs_reload = needs_reload;
    }
    return out;
  }
  void Restart(const UnitNames& names, Jobs /*jobs*/) override {
    for (const std::string& name : names) {
      calls.push_back("restart " + name);
      if (starts) {
        up.insert(name);
      }
    }
  }
  bool Stop(const UnitNames& names, Jobs /*jobs*/) override {
    for (const std::string& name : names) {
      up.erase(name);
    }
    return true;
  }
  void DaemonReload() override {
    FakeSystemd::DaemonReload();
    if (on_reload) {
      on_reload();
    }
  }

  std::function<void()> on_reload;
  std::set<std::string> up;
  bool starts = true;
  bool needs_reload = false;
};

constexpr const char* kFetch = "#!/bin/sh\necho fetch 9\n";

class EnrollTest : public HostTest {
 protected:
  EnrollTest() : keys_(MakeFolder(root + "/keys")) {
    SetTrust(layout, keys_.TrustIn({"alice"}));
    enrollment_.config = Sample();
    enrollment_.credentials = "aws_access_key_id = K\n";
    enrollment_.fetch_sha256 = base::Sha256Of(kFetch);
    base::ReplaceSymlink("activate-of-a-push", layout.Bin() + "/activate");
    base::WriteFileAtomically(layout.Bin() + "/activate-of-a-push", "#!/bin/sh\necho activate 9\n",
                              0755);
    host_.configured_directory = units;
    host_.os_root = host.os_root;
  }
  static const std::string& MakeFolder(const std::string& path) {
    base::MakeDirectories(path);
    return path;
  }
  bool EnrollNow() {
    base::WriteFileAtomically(layout.Bin() + "/fetch-" + base::Sha256Of(kFetch).ToHex(), kFetch,
                              0755);
    return Enroll(host_, enrollment_, [] {});
  }
  void ExpectEnrolled() {
    EXPECT_EQ(LoadConfig(layout), enrollment_.config);
    EXPECT_EQ(InstalledPullUnits(host_).size(), kPullUnits.size());
    EXPECT_TRUE(base::Exists(units + "/timers.target.wants/slipway-pull.timer"));
    EXPECT_TRUE(base::Exists(units + "/sockets.target.wants/slipway-fetch.socket"));
    EXPECT_EQ(base::ReadFile(FetchLink(layout)), kFetch);
    EXPECT_EQ(base::StatIfThere(CredentialsFile(layout))->st_mode & 07777U, 0600U);
    EXPECT_EQ(base::StatIfThere(ConfigFile(layout))->st_mode & 07777U, 0644U);
  }
  void ExpectNothing() {
    EXPECT_FALSE(base::LstatIfThere(layout.Pull()));
    EXPECT_THAT(InstalledPullUnits(host_), IsEmpty());
    EXPECT_FALSE(base::LstatIfThere(units + "/timers.target.wants/slipway-pull.timer"));
    EXPECT_FALSE(base::LstatIfThere(units + "/sockets.target.wants/slipway-fetch.socket"));
    EXPECT_FALSE(base::LstatIfThere(FetchLink(layout)));
  }

  tests::Keys keys_;
  Enrollment enrollment_;
  UpSystemd systemd_{units};
  Host host_{layout, systemd_, clock, {}, units, [](const images::ImageDirectory&) {}};
};

TEST_F(EnrollTest, TheSameAgainIsNoChangeAndRemoveUndoesIt) {
  EXPECT_TRUE(EnrollNow());
  ExpectEnrolled();
  EXPECT_THAT(systemd_.calls, testing::Contains("reload"));
  systemd_.calls.clear();
  EXPECT_FALSE(EnrollNow());
  EXPECT_THAT(systemd_.calls, IsEmpty());
  systemd_.needs_reload = true;  // it was cut off before
  EXPECT_TRUE(EnrollNow());
  EXPECT_THAT(systemd_.calls, ElementsAre("reload"));
  systemd_.needs_reload = false;
  systemd_.calls.clear();
  enrollment_.config.every = "daily";
  EXPECT_TRUE(EnrollNow());
  EXPECT_THAT(systemd_.calls, ElementsAre("reload", "restart slipway-pull.timer"));
  enrollment_.credentials.reset();
  EXPECT_TRUE(EnrollNow());
  EXPECT_FALSE(base::LstatIfThere(CredentialsFile(layout)));
  systemd_.calls.clear();
  EXPECT_TRUE(Unenroll(host_));
  EXPECT_THAT(systemd_.calls, testing::Contains("reset-failed slipway-pull.service"));
  ExpectNothing();
  EXPECT_FALSE(Unenroll(host_));
}

TEST_F(EnrollTest, AHostThatIsNotReadyIsRefusedAndUnchanged) {
  const auto refused = [&](const std::string& why) {
    EXPECT_THAT(tests::MessageOf([&] { EnrollNow(); }), HasSubstr(why));
    EXPECT_FALSE(LoadConfig(layout));
    EXPECT_THAT(InstalledPullUnits(host_), IsEmpty());
  };
  enrollment_.fetch_sha256 = base::Sha256Of("another");
  refused("is not there, or not whole");
  enrollment_.fetch_sha256 = base::Sha256Of(kFetch);
  base::ReplaceSymlink("/dev/null", units + "/slipway-pull.timer");
  refused("systemctl unmask slipway-pull.timer");
  base::Unlink(units + "/slipway-pull.timer");
  base::RemoveTree(layout.Trust());
  refused("imgpush --trust");
  host_.configured_directory = root;
  refused("cannot be written");
}

TEST_F(EnrollTest, UnitsOfAnotherRootAreLeftAlone) {
  EnrollNow();
  Host other{images::HostLayout(root + "/other"), systemd_, clock, {}, units,
             [](const images::ImageDirectory&) {}};
  other.configured_directory = units;
  EXPECT_FALSE(Unenroll(other));
  EXPECT_THAT(InstalledPullUnits(other), IsEmpty());
  EXPECT_THAT(tests::MessageOf([&] { Enroll(other, enrollment_, [] {}); }),
              HasSubstr("serves another root"));
  ExpectEnrolled();
}

TEST_F(EnrollTest, WhatDoesNotStartIsSaid) {
  systemd_.starts = false;
  EXPECT_THAT(tests::MessageOf([&] { EnrollNow(); }),
              HasSubstr("was not started: systemctl status slipway-"));
}

TEST_F(EnrollTest, CutOffAnywhereItIsRepeated) {
  for (const bool removes : {false, true}) {
    for (size_t fails_at = 1;; ++fails_at) {
      removes ? EnrollNow() : Unenroll(host_);
      tests::FaultySys faulty;
      faulty.FailCall(fails_at, EIO);
      try {
        const base::ScopedSys seam(faulty);
        removes ? Unenroll(host_) : EnrollNow();
      } catch (const base::Error&) {
      }
      removes ? Unenroll(host_) : EnrollNow();
      removes ? ExpectNothing() : ExpectEnrolled();
      ASSERT_FALSE(HasFailure()) << "after call " << fails_at;
      if (faulty.calls() < fails_at) {
        break;
      }
    }
  }
}

// fetch would not be started.
TEST_F(EnrollTest, NoUnitNamesAKeyThatIsNotThere) {
  const auto credentials = enrollment_.credentials;
  const auto expect_key_of_unit = [&] {
    const auto unit = base::ReadFileIfThere(units + "/slipway-fetch@.service");
    if (unit && unit->find("LoadCredential=") != std::string::npos) {
      EXPECT_TRUE(base::Exists(CredentialsFile(layout)));
    }
  };
  for (const bool adds : {false, true}) {
    for (size_t fails_at = 1;; ++fails_at) {
      enrollment_.credentials = adds ? std::nullopt : credentials;
      EnrollNow();
      enrollment_.credentials = adds ? credentials : std::nullopt;
      tests::FaultySys faulty;
      faulty.FailCall(fails_at, EIO);
      // What systemd has in its memory until then.
      systemd_.on_reload = [&] { EXPECT_TRUE(base::Exists(CredentialsFile(layout))); };
      try {
        const base::ScopedSys seam(faulty);
        EnrollNow();
      } catch (const base::Error&) {
      }
      systemd_.on_reload = nullptr;
      expect_key_of_unit();
      EnrollNow();
      EXPECT_EQ(base::Exists(CredentialsFile(layout)), adds);
      ASSERT_FALSE(HasFailure()) << "after call " << fails_at;
      if (faulty.calls() < fails_at) {
        break;
      }
    }
  }
}

// The store of before has what it was told; the new one has nothing.
TEST_F(EnrollTest, AnotherStoreIsToldAnew) {
  EnrollNow();
  images::StateDocument state;
  state.host = "web1";
  state.time = std::chrono::floor<std::chrono::seconds>(clock.Now());
  state.sequence = 1;
  state.agent = "1";
  StoreReported(layout, state);
  EnrollNow();
  EXPECT_EQ(LoadReported(layout), state);
  enrollment_.config.store = "s3://others";
  EnrollNow();
  EXPECT_EQ(LoadReported(layout), std::nullopt);
}

// Otherwise an old head would count after that.
TEST_F(EnrollTest, RemoveKeepsWhichVersionsWereSeen) {
  EnrollNow();
  base::WriteFileAtomically(MemoryFile(layout, "web"), "what was seen");
  base::WriteFileAtomically(layout.Pull() + "/state", "{}");
  EXPECT_TRUE(Unenroll(host_));
  EXPECT_THAT(InstalledPullUnits(host_), IsEmpty());
  EXPECT_THAT(base::ListDirectory(layout.Pull()), ElementsAre("web.json"));
  EXPECT_FALSE(Unenroll(host_));
  EnrollNow();
  EXPECT_EQ(base::ReadFile(MemoryFile(layout, "web")), "what was seen");
  Uninstall(host_);
  EXPECT_FALSE(base::Exists(layout.root()));
}

TEST_F(EnrollTest, AFetchThatDoesNotRunIsNotLinked) {
  const std::string broken = "#!/bin/sh\nexit 1\n";
  EnrollNow();
  enrollment_.fetch_sha256 = base::Sha256Of(broken);
  base::WriteFileAtomically(layout.Bin() + "/fetch-" + base::Sha256Of(broken).ToHex(), broken,
                            0755);
  EXPECT_THAT(tests::MessageOf([&] { EnrollNow(); }), HasSubstr("does not run on this host"));
  EXPECT_EQ(base::ReadFile(FetchLink(layout)), kFetch);
}

TEST_F(EnrollTest, AnUninstallRemovesItToo) {
  EnrollNow();
  EXPECT_THAT(PlanUninstall(host_, false).units, testing::Contains("slipway-pull.timer"));
  Uninstall(host_);
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
