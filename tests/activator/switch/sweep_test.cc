// A switch with hooks and a check, which waits to be confirmed, whose every change on disk and
// every call of systemctl fails, once or from then on, and is where the process dies: afterwards
// one generation runs, all of it, and the records and status name it.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <cerrno>
#include <functional>

#include "activator/host/unit_links.h"
#include "activator/report/report.h"
#include "activator/state/switch_record.h"
#include "activator/switch/boot.h"
#include "activator/switch/confirmation.h"
#include "activator/switch/recovery.h"
#include "base/sys.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;

// What one change of the host is, and what happens instead of number `at`.
class Faults {
 public:
  enum Kind { kOnce, kFromThenOn, kDeath };

  void Arm(Kind kind, size_t at) {
    kind_ = kind;
    at_ = at;
    count_ = 0;
  }
  void Disarm() { at_ = 0; }
  bool reached() const { return count_ >= at_; }
  // Whether the change that is about to be made is not.
  bool Strike() {
    ++count_;
    return at_ != 0 && (count_ == at_ || (kind_ != kOnce && count_ > at_));
  }

 private:
  Kind kind_ = kOnce;
  size_t at_ = 0;
  size_t count_ = 0;
};

// A process that died changes nothing any more: all that it still does fails.
class FaultyChanges : public base::Sys {
 public:
  explicit FaultyChanges(Faults& faults) : faults_(faults) {}

  int Open(const char* path, int flags, mode_t mode) override {
    return (flags & O_CREAT) != 0 && Fails() ? -1 : Sys::Open(path, flags, mode);
  }
  ssize_t Write(int fd, const void* buffer, size_t size_bytes) override {
    return Fails() ? -1 : Sys::Write(fd, buffer, size_bytes);
  }
  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    return Fails() ? -1 : Sys::PWrite(fd, buffer, size_bytes, offset);
  }
  int Fsync(int /*fd*/) override { return Fails() ? -1 : 0; }  // no power is cut here
  int Ftruncate(int fd, off_t size_bytes) override {
    return Fails() ? -1 : Sys::Ftruncate(fd, size_bytes);
  }
  int Rename(const char* from, const char* to) override {
    return Fails() ? -1 : Sys::Rename(from, to);
  }
  int Link(const char* from, const char* to) override { return Fails() ? -1 : Sys::Link(from, to); }
  int Symlink(const char* target, const char* path) override {
    return Fails() ? -1 : Sys::Symlink(target, path);
  }
  int Unlink(const char* path) override { return Fails() ? -1 : Sys::Unlink(path); }
  int Rmdir(const char* path) override { return Fails() ? -1 : Sys::Rmdir(path); }
  int Mkdir(const char* path, mode_t mode) override {
    return Fails() ? -1 : Sys::Mkdir(path, mode);
  }

 private:
  bool Fails() {
    const bool fails = faults_.Strike();
    errno = fails ? ENOSPC : errno;
    return fails;
  }
  Faults& faults_;
};

constexpr const char* kProxy = "/lib/systemd/system/proxy.service";  // requires web.service

// Generation 1 runs web (one) and db. Generation 2 runs web (two) with hooks and a check, db
// unchanged, and extra; it waits to be activated.
class SweptHost : public HostTest {
 public:
  using HostTest::error;
  using HostTest::host;
  using HostTest::layout;
  using HostTest::systemd;

  SweptHost() {
    host.io.err = quiet_.get();
    systemd.AddForeign("proxy.service", kProxy);
    systemd.stopped_with["web.service"] = {"proxy.service"};
    Write(layout.Bin() + "/activate", "");  // else this large program is copied each time
    StageGeneration(layout, {{"web", Push("web", "one")}, {"db", Push("db", "db")}}, "tester");
    EXPECT_EQ(ActivateNumber(1), 0) << error;
    const base::Sha256 extra = Push("extra", "extra");
    edit_service = [](images::Service& service) {
      service.hooks.before_start = {{"/bin/migrate"}};
      service.hooks.after_healthy = {{"/bin/warm"}};
      service.health.exec = {"/bin/ask"};
    };
    StageGeneration(layout, {{"web", Push("web", "two")}, {"extra", extra}}, "tester");
    confirm_within = std::chrono::minutes(1);
    clock.on_sleep = [this] { ConfirmIfItWaits(); };
  }
  void TestBody() override {}

  // By another process, whose own fault may be struck; it tries again.
  void ConfirmIfItWaits() {
    try {
      if (const auto record = WaitsForConfirmation(layout)) {
        Confirm(layout, record->activation_id);
      }
    } catch (const base::Error&) {
    }
  }

  int ActivateSecond(Faults& faults) {
    systemd.before_call = [&faults](const std::string& call) {
      if (faults.Strike()) {
        base::Fail(base::ExitCode::kFailed, "systemctl {}: it was told to fail", call);
      }
    };
    return ActivateNumber(2);
  }

  void ExpectRuns(uint64_t number, const std::string& where) {
    const bool second = number == 2;
    EXPECT_EQ(RunningProgram("web.service"), second ? "two" : "one") << where;
    EXPECT_EQ(RunningProgram("db.service"), "db") << where;
    EXPECT_EQ(systemd.IsActive("extra.service"), second) << where;
    EXPECT_TRUE(systemd.IsActive("proxy.service")) << where;
  }
  void ExpectOneGeneration(const std::string& where) {
    const uint64_t current = CurrentGeneration(layout);
    EXPECT_THAT(current, AnyOf(1U, 2U)) << where;
    ExpectRuns(current, where);
    EXPECT_EQ(StateOf(current), GenerationState::kActive) << where;
    EXPECT_NE(StateOf(3 - current), GenerationState::kActive) << where;
    EXPECT_NE(StateOf(3 - current), GenerationState::kActivating) << where;
    EXPECT_EQ(ReadStatus(host, true).active, current) << where;
    EXPECT_FALSE(ReadSwitchRecord(layout).has_value()) << where;
    if (current == 1) {
      EXPECT_THAT(LinkedUnits(host), ElementsAre("db.service", "web.service")) << where;
    }
    for (const char* task : {"before-start", "after-healthy", "check"}) {
      EXPECT_FALSE(systemd.IsActive(std::string("web:") + task + ".service")) << where << task;
    }
  }

 private:
  const base::UniqueFd quiet_ = base::Open("/dev/null", O_WRONLY);
};

// Runs `then` after a switch for each place of a fault, until a switch comes to its end before it.
size_t Sweep(Faults::Kind kind,
             const std::function<void(SweptHost&, int code, const std::string& where)>& then) {
  Faults faults;
  FaultyChanges sys(faults);
  const base::ScopedSys seam(sys);
  for (size_t at = 1;; ++at) {
    SweptHost host;
    faults.Arm(kind, at);
    const int code = host.ActivateSecond(faults);
    const bool struck = faults.reached();
    faults.Disarm();
    host.systemd.before_call = nullptr;
    if (!struck) {
      EXPECT_EQ(code, 0) << host.error;
      host.ExpectOneGeneration("without a fault");
      return at - 1;
    }
    then(host, code, "change " + std::to_string(at) + ": " + host.error);
  }
}

// What the exit code says is so, before anybody recovers.
void ExpectTold(SweptHost& host, int code, const std::string& where) {
  EXPECT_THAT(code, AnyOf(0, 1, 3, 4)) << where;
  if (code == 0 || code == 1 || code == 3) {
    host.ExpectRuns(code == 0 ? 2 : 1, where);
    EXPECT_EQ(CurrentGeneration(host.layout), code == 0 ? 2U : 1U) << where;
  }
}

TEST(SweepTest, AChangeThatFailsOnce) {
  const size_t changes =
      Sweep(Faults::kOnce, [](SweptHost& host, int code, const std::string& where) {
        ExpectTold(host, code, where);
        EXPECT_TRUE(Recover(host.host, RecoveryMode::kRestart).is_up) << where;
        host.ExpectOneGeneration(where);
      });
  EXPECT_GT(changes, 50U);
}

TEST(SweepTest, ADiskThatIsFullFromAChangeOnAndASystemdThatAnswersNoMore) {
  Sweep(Faults::kFromThenOn, [](SweptHost& host, int code, const std::string& where) {
    ExpectTold(host, code, where);
    EXPECT_TRUE(Recover(host.host, RecoveryMode::kRestart).is_up) << where;
    host.ExpectOneGeneration(where);
  });
}

TEST(SweepTest, AProcessThatDiesAndTheNextActivate) {
  Sweep(Faults::kDeath, [](SweptHost& host, int /*code*/, const std::string& where) {
    EXPECT_THAT(ReadStatus(host.host, true).active, AnyOf(1U, 2U)) << where;
    EXPECT_TRUE(Recover(host.host, RecoveryMode::kRestart).is_up) << where;
    host.ExpectOneGeneration(where);
  });
}

TEST(SweepTest, AMachineThatDiesAndItsNextBoot) {
  Sweep(Faults::kDeath, [](SweptHost& host, int /*code*/, const std::string& where) {
    base::RemoveTree(host.host.task_directory);  // it is in /run
    if (std::optional<SwitchRecord> record = ReadSwitchRecord(host.layout)) {
      record->boot_id = "the boot before";
      WriteSwitchRecord(host.layout, *record);
    }
    host.systemd.Reboot();
    host.systemd.AddForeign("proxy.service", kProxy);
    EXPECT_NO_THROW(RunBoot(host.host)) << where;
    host.ExpectOneGeneration(where);
  });
}

TEST(SweepTest, AProcessThatDiesAndTheBootUnitStartedByHand) {
  Sweep(Faults::kDeath, [](SweptHost& host, int /*code*/, const std::string& where) {
    EXPECT_NO_THROW(RunBoot(host.host)) << where;
    host.ExpectOneGeneration(where);
  });
}

}  // namespace
}  // namespace activator
