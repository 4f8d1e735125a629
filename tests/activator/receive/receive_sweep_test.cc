// Each system call of the receiver fails once, in pushes that update by deltas, repair a damaged
// version and share blocks: no wrong or partial image is ever published, and the next push
// completes.
//
// The calls are many and the pushes short: without SLIPWAY_SWEEP_ALL some of them are taken, by the
// seed that is printed (SLIPWAY_TEST_SEED).
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>

#include "base/process.h"
#include "base/sys.h"
#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

// The faults are the receiver's alone: its threads come and go, the sender is the test's own.
thread_local bool is_sender = false;

enum class Fault { kNoSpace, kIo, kInterrupt, kShort };
enum class Scenario { kUpdate, kRepair, kRepairInTwoSteps, kShare };

class SweepSys : public base::Sys {
 public:
  explicit SweepSys(Scenario scenario) : scenario_(scenario) {}

  // The receiver's call number `call`, from 1; or every call, for interrupts and short transfers.
  void Arm(Fault fault, size_t call) {
    fault_ = fault;
    failing_call_ = call;
    calls_ = 0;
  }
  void Disarm() { failing_call_ = 0, fault_ = Fault::kIo; }
  size_t calls() const { return calls_; }

  int Open(const char* path, int flags, mode_t mode) override {
    return Fails() || Interrupts() ? -1 : Sys::Open(path, flags, mode);
  }
  int Close(int fd) override {
    const bool fails = Fails();
    const int error_number = errno;
    const int result = Sys::Close(fd);
    errno = fails ? error_number : errno;
    return fails ? -1 : result;
  }
  ssize_t Read(int fd, void* buffer, size_t size_bytes) override {
    return Fails() || Interrupts() ? -1 : Sys::Read(fd, buffer, Limited(size_bytes));
  }
  ssize_t PRead(int fd, void* buffer, size_t size_bytes, off_t offset) override {
    return Fails() || Interrupts() ? -1 : Sys::PRead(fd, buffer, Limited(size_bytes), offset);
  }
  ssize_t Write(int fd, const void* buffer, size_t size_bytes) override {
    return Fails() || Interrupts() ? -1 : Sys::Write(fd, buffer, Limited(size_bytes));
  }
  ssize_t PWrite(int fd, const void* buffer, size_t size_bytes, off_t offset) override {
    return Fails() || Interrupts() ? -1 : Sys::PWrite(fd, buffer, Limited(size_bytes), offset);
  }
  int Fsync(int fd) override { return Fails() || Interrupts() ? -1 : Sys::Fsync(fd); }
  int Ftruncate(int fd, off_t size_bytes) override {
    return Fails() ? -1 : Sys::Ftruncate(fd, size_bytes);
  }
  int Fallocate(int fd, int mode, off_t offset, off_t size_bytes) override {
    return Fails() ? -1 : Sys::Fallocate(fd, mode, offset, size_bytes);
  }
  int Rename(const char* from, const char* to) override {
    return Fails() ? -1 : Sys::Rename(from, to);
  }
  int Exchange(const char* one, const char* other) override {
    if (scenario_ == Scenario::kRepairInTwoSteps) {
      errno = EINVAL;
      return -1;
    }
    return Fails() ? -1 : Sys::Exchange(one, other);
  }
  int Link(const char* from, const char* to) override { return Fails() ? -1 : Sys::Link(from, to); }
  int Unlink(const char* path) override { return Fails() ? -1 : Sys::Unlink(path); }
  int Rmdir(const char* path) override { return Fails() ? -1 : Sys::Rmdir(path); }
  int Mkdir(const char* path, mode_t mode) override {
    return Fails() ? -1 : Sys::Mkdir(path, mode);
  }
  int Fstat(int fd, struct stat* out) override { return Fails() ? -1 : Sys::Fstat(fd, out); }
  int Lstat(const char* path, struct stat* out) override {
    return Fails() ? -1 : Sys::Lstat(path, out);
  }
  int Stat(const char* path, struct stat* out) override {
    return Fails() ? -1 : Sys::Stat(path, out);
  }
  int Statvfs(const char* path, struct statvfs* out) override {
    return Fails() ? -1 : Sys::Statvfs(path, out);
  }
  int Flock(int fd, int operation) override {
    return Fails() || Interrupts() ? -1 : Sys::Flock(fd, operation);
  }
  // A file system that can: by copying.
  int CloneRange(int from, off_t from_offset, int to, off_t to_offset, size_t size_bytes) override {
    if (Fails() || Interrupts()) {
      return -1;
    }
    if (scenario_ != Scenario::kShare) {
      errno = EOPNOTSUPP;
      return -1;
    }
    std::vector<uint8_t> bytes(size_bytes);
    return Sys::PRead(from, bytes.data(), size_bytes, from_offset) ==
                       static_cast<ssize_t>(size_bytes) &&
                   Sys::PWrite(to, bytes.data(), size_bytes, to_offset) ==
                       static_cast<ssize_t>(size_bytes)
               ? 0
               : -1;
  }

 private:
  bool Fails() {
    if (is_sender) {
      return false;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool fails =
        ++calls_ == failing_call_ && (fault_ == Fault::kIo || fault_ == Fault::kNoSpace);
    errno = fails ? (fault_ == Fault::kIo ? EIO : ENOSPC) : errno;
    return fails;
  }
  bool Interrupts() {
    if (is_sender || fault_ != Fault::kInterrupt) {
      return false;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    interrupted_ = !interrupted_;
    errno = interrupted_ ? EINTR : errno;
    return interrupted_;
  }
  size_t Limited(size_t size_bytes) const {
    return is_sender || fault_ != Fault::kShort ? size_bytes : std::min<size_t>(size_bytes, 777);
  }

  const Scenario scenario_;
  std::mutex mutex_;
  Fault fault_ = Fault::kIo;
  size_t failing_call_ = 0;
  size_t calls_ = 0;
  bool interrupted_ = false;
};

class SweepTest : public PushTest, public testing::WithParamInterface<Scenario> {
 protected:
  // In memory, where a thousand pushes do not wait for a disk.
  SweepTest() : PushTest(base::Exists("/dev/shm") ? "/dev/shm" : "/tmp") {
    is_sender = true;
    chunks_.resize(8);
    for (std::string& chunk : chunks_) {
      chunk.resize(8192);
    }
    old_ = Build("1");
    for (const size_t i : {2U, 3U}) {
      chunks_[i].replace(1000, 20, "twenty other letters");
    }
    chunks_.push_back(tests::NoiseBytes(99, 8192));
    new_ = Build("2");
    options_.host_jobs = 2;
  }
  ~SweepTest() override { is_sender = false; }

  bool repairs() const {
    return GetParam() == Scenario::kRepair || GetParam() == Scenario::kRepairInTwoSteps;
  }
  // The host before the push: the old version, or also the new one, damaged.
  void MakeTemplate() {
    ASSERT_EQ(Push({old_}).error, "");
    if (repairs()) {
      ASSERT_EQ(Push({new_}).error, "");
      Change(There(new_) + "/image.erofs", 3 * 8192 + 5);
    }
    ASSERT_EQ(::rename(options_.root.c_str(), template_.c_str()), 0);
  }
  void Restore() {
    base::RemoveTree(options_.root);
    ASSERT_EQ(std::system(("cp -a " + template_ + " " + options_.root).c_str()), 0);
  }

  // What is there is whole, or what was there before.
  void ExpectNothingWrong() {
    const std::string image = "/image.erofs";
    EXPECT_EQ(base::ReadFile(There(old_) + image), base::ReadFile(old_ + image));
    if (!base::Exists(There(new_))) {
      return;
    }
    const std::string there = base::ReadFile(There(new_) + image);
    const std::string damaged = template_ + There(new_).substr(options_.root.size()) + image;
    if (!repairs() || there != base::ReadFile(damaged)) {
      EXPECT_EQ(there, base::ReadFile(new_ + image));
      for (const std::string& file : base::ListDirectory(new_)) {
        EXPECT_EQ(base::ReadFile(There(new_) + "/" + file), base::ReadFile(new_ + "/" + file));
      }
    }
  }
  void ExpectDone(const Outcome& outcome) {
    EXPECT_EQ(outcome.error, "");
    ExpectSame(new_);
    // A damaged version that changed places and could not be moved on is left for prune.
    const std::vector<std::string> left = base::ListDirectory(layout().Incoming());
    const std::vector<std::string> damaged = {base::BaseName(new_)};
    EXPECT_TRUE(left.empty() || (GetParam() == Scenario::kRepair && left == damaged));
  }

  std::string old_;
  std::string new_;
  const std::string template_ = directory_.path() + "/template";
};

TEST_P(SweepTest, EachCallFailsOnce) {
  MakeTemplate();
  SweepSys sys(GetParam());
  const base::ScopedSys seam(sys);
  Restore();
  sys.Arm(Fault::kIo, 0);
  ExpectDone(Push({new_}));
  const size_t calls = sys.calls();
  ASSERT_GT(calls, 100U);
  size_t failed = 0;
  for (size_t call = 1; call <= calls; ++call) {
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace}) {
      SCOPED_TRACE("call " + std::to_string(call) + (fault == Fault::kIo ? ", EIO" : ", ENOSPC"));
      Restore();
      sys.Arm(fault, call);
      failed += Push({new_}).error.empty() ? 0U : 1U;
      ExpectNothingWrong();
      sys.Disarm();
      ExpectDone(Push({new_}));
      if (HasFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(failed, 10U);
}

TEST_P(SweepTest, InterruptedAndShortCallsAreNoFailures) {
  MakeTemplate();
  SweepSys sys(GetParam());
  const base::ScopedSys seam(sys);
  for (const Fault fault : {Fault::kInterrupt, Fault::kShort}) {
    Restore();
    sys.Arm(fault, 0);
    ExpectDone(Push({new_}));
    sys.Disarm();
  }
}

class KilledTest : public SweepTest {};

TEST_P(KilledTest, ADeathAtAnyChangeLeavesWholeVersionsAndTheNextPushCompletes) {
  MakeTemplate();
  const auto push_to_process = [&](int die_at) {
    ::setenv("SLIPWAY_TEST_DIE_AT", std::to_string(die_at).c_str(), 1);
    const base::Child agent(
        {TEST_AGENT, "receive", "--root", options_.root, "--by", "me", "--dir"});
    return PushOver(agent.from(), agent.to(), {new_}, {});
  };
  int died = 0;
  for (int change = 1;; ++change) {
    SCOPED_TRACE("change " + std::to_string(change));
    Restore();
    const Outcome outcome = push_to_process(change);
    ExpectNothingWrong();
    ExpectDone(push_to_process(0));
    if (outcome.error.empty() || HasFailure()) {
      break;
    }
    ++died;
  }
  ::unsetenv("SLIPWAY_TEST_DIE_AT");
  EXPECT_GT(died, 25);
}

INSTANTIATE_TEST_SUITE_P(Of, SweepTest,
                         testing::Values(Scenario::kUpdate, Scenario::kRepair,
                                         Scenario::kRepairInTwoSteps, Scenario::kShare));

INSTANTIATE_TEST_SUITE_P(Of, KilledTest, testing::Values(Scenario::kUpdate, Scenario::kRepair));

}  // namespace
}  // namespace activator
