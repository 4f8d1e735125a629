// What a process that is shut in can still do: it tries.
#include "activator/os/confinement.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace activator {
namespace {

using testing::IsEmpty;

class ConfinementTest : public testing::Test {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "what the sanitizers do is not allowed there";
#endif
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root";
    }
  }
  ConfinementTest() {
    for (const char* folder : {"/incoming", "/web", "/generations"}) {
      base::MakeDirectories(root_ + folder);
    }
    base::WriteFileAtomically(root_ + "/web/image", "held");
  }

  using Try = std::pair<std::string, std::function<bool()>>;

  // In a process that is shut in: the names of those that came out otherwise than they should.
  std::string Surprises(const std::vector<Try>& may, const std::vector<Try>& may_not) const {
    base::Pipe pipe;
    const pid_t child = ::fork();
    if (child == 0) {
      std::string out;
      try {
        Confine({root_, root_ + "/incoming", 4096});
        for (const auto& [name, attempt] : may) {
          out += attempt() ? "" : name + " cannot be done; ";
        }
        for (const auto& [name, attempt] : may_not) {
          out += attempt() ? name + " can be done; " : "";
        }
      } catch (const std::exception& error) {
        out = error.what();
      }
      out += ".";
      ::_exit(::write(pipe.write.get(), out.data(), out.size()) > 0 ? 0 : 1);
    }
    pipe.write.Reset();
    std::string out(8192, '\0');
    const ssize_t got = ::read(pipe.read.get(), out.data(), out.size());
    int status = 0;
    ::waitpid(child, &status, 0);
    out.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? out : out + " it died";
  }

  bool Opens(const std::string& path, int flags) const {
    const int fd = ::open(path.c_str(), flags, 0600);
    return fd >= 0 && ::close(fd) == 0;
  }
  static bool Works(long result) { return result >= 0; }

  const base::TemporaryDirectory folder_{"/var/tmp", "confinement-"};
  const std::string root_ = folder_.path() + "/root";
};

TEST_F(ConfinementTest, ItReadsTheRootAndWritesToOneFolder) {
  const std::string file = root_ + "/incoming/file";
  const std::vector<Try> may = {
      {"read a held image", [&] { return Opens(root_ + "/web/image", O_RDONLY); }},
      {"write in incoming", [&] { return Opens(file, O_CREAT | O_RDWR); }},
      {"rename in incoming", [&] { return Works(::rename(file.c_str(), (file + "2").c_str())); }},
      {"make a folder there", [&] { return Works(::mkdir((file + "3").c_str(), 0755)); }},
      {"remove a file there", [&] { return Works(::unlink((file + "2").c_str())); }},
      {"threads",
       [] {
         bool ran = false;
         std::thread([&] { ran = true; }).join();
         return ran;
       }},
      {"an exception", [] {
         try {
           base::Fail(base::ExitCode::kFailed, "no");
         } catch (const base::Error&) {
           return true;
         }
       }}};
  EXPECT_EQ(Surprises(may, {}), ".");
}

TEST_F(ConfinementTest, ItGetsNothingElse) {
  const std::string held = root_ + "/web/image";
  const std::string incoming = root_ + "/incoming/";
  const pid_t parent = ::getpid();
  const std::vector<Try> may_not = {
      {"write a held image", [&] { return Opens(held, O_WRONLY); }},
      {"replace a held image", [&] { return Works(::unlink(held.c_str())); }},
      {"write in generations", [&] { return Opens(root_ + "/generations/x", O_CREAT | O_WRONLY); }},
      {"hard link a held image",
       [&] { return Works(::link(held.c_str(), (incoming + "link").c_str())); }},
      {"move out of incoming",
       [&] {
         Opens(incoming + "x", O_CREAT | O_WRONLY);
         return Works(::rename((incoming + "x").c_str(), (root_ + "/web/x").c_str()));
       }},
      {"make a link", [&] { return Works(::symlink("/etc", (incoming + "etc").c_str())); }},
      {"make a device",
       [&] { return Works(::mknod((incoming + "dev").c_str(), S_IFBLK | 0600, 0x700)); }},
      {"make a FIFO", [&] { return Works(::mkfifo((incoming + "fifo").c_str(), 0600)); }},
      {"open /etc/passwd", [&] { return Opens("/etc/passwd", O_RDONLY); }},
      {"open /proc/1/environ", [&] { return Opens("/proc/1/environ", O_RDONLY); }},
      {"open the folder above",
       [&] {
         return Opens(folder_.path() + "/../..", O_RDONLY | O_PATH) &&
                Opens("/var/tmp/../../etc", O_RDONLY);
       }},
      {"write in its own root", [&] { return Opens("/x", O_CREAT | O_WRONLY); }},
      {"a network", [] { return Works(::socket(AF_INET, SOCK_STREAM, 0)); }},
      {"a unix socket", [] { return Works(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
      {"mount", [] { return Works(::mount("tmpfs", "/", "tmpfs", 0, nullptr)); }},
      {"umount", [&] { return Works(::umount2(root_.c_str(), MNT_DETACH)); }},
      {"chroot", [] { return Works(::chroot("/")); }},
      {"unshare", [] { return Works(::unshare(CLONE_NEWUSER)); }},
      {"setns", [] { return Works(::setns(0, 0)); }},
      {"run a program",
       [] {
         char* const none = nullptr;
         return Works(::execve("/bin/true", &none, &none));
       }},
      {"a new process",
       [] {
         const pid_t child = ::fork();
         if (child == 0) {
           ::_exit(0);
         }
         return child > 0;
       }},
      {"a signal to its parent", [=] { return Works(::kill(parent, 0)); }},
      {"a signal to itself by another way", [] { return Works(::raise(SIGCONT)); }},
      {"ptrace", [=] { return Works(::syscall(SYS_ptrace, 16, parent, 0, 0)); }},
      {"memory of its parent",
       [=] { return Works(::syscall(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0)); }},
      {"another's limits",
       [=] { return Works(::syscall(SYS_prlimit64, parent, 0, nullptr, nullptr)); }},
      {"lock the host", [&] { return Works(::flock(::open(held.c_str(), O_RDONLY), LOCK_EX)); }},
      {"modes", [&] { return Works(::chmod(incoming.c_str(), 0777)); }},
      {"owner", [&] { return Works(::chown(incoming.c_str(), 1, 1)); }},
      {"fsopen", [] { return Works(::syscall(SYS_fsopen, "erofs", 0)); }},
      {"bpf", [] { return Works(::syscall(SYS_bpf, 0, nullptr, 0)); }},
      {"io_uring", [] { return Works(::syscall(SYS_io_uring_setup, 1, nullptr)); }},
      {"keyctl", [] { return Works(::syscall(SYS_keyctl, 0, 0, 0, 0)); }},
      {"flags of a file",
       [&] {
         const int fd = ::open(incoming.c_str(), O_RDONLY);
         long flags = 0;
         return Works(::syscall(SYS_ioctl, fd, FS_IOC_GETFLAGS, &flags));
       }},
      {"a file larger than its limit",
       [&] {
         std::signal(SIGXFSZ, SIG_IGN);
         const int fd = ::open((incoming + "large").c_str(), O_CREAT | O_RDWR, 0600);
         return Works(::ftruncate(fd, 4097));
       }},
  };
  EXPECT_EQ(Surprises({}, may_not), ".");
  EXPECT_EQ(base::ReadFile(held), "held");
}

// Each would fail otherwise without the filter.
TEST_F(ConfinementTest, ItIsTheFilterThatRefuses) {
  const std::string none = root_ + "/incoming/none/x";
  const auto allowed = [](long result) { return result >= 0 || errno != EPERM; };
  const std::vector<Try> may_not = {
      {"execve",
       [&] {
         char* const nothing = nullptr;
         return allowed(::execve(none.c_str(), &nothing, &nothing));
       }},
      {"setns", [&] { return allowed(::setns(-1, 0)); }},
      {"link", [&] { return allowed(::link(none.c_str(), none.c_str())); }},
      {"symlink", [&] { return allowed(::symlink("/etc", none.c_str())); }},
      {"mknod", [&] { return allowed(::mknod(none.c_str(), S_IFIFO | 0600, 0)); }},
      {"chown", [&] { return allowed(::chown(none.c_str(), 1, 1)); }},
      {"chmod", [&] { return allowed(::chmod(none.c_str(), 0777)); }},
      {"fchmod", [&] { return allowed(::fchmod(-1, 0777)); }},
      {"flock", [&] { return allowed(::flock(-1, LOCK_EX)); }},
      {"a lock of fcntl", [&] { return allowed(::fcntl(-1, F_OFD_SETLK, nullptr)); }},
      {"ioctl", [&] { return allowed(::syscall(SYS_ioctl, -1, FS_IOC_GETFLAGS, nullptr)); }},
      {"socket", [&] { return allowed(::socket(-1, -1, -1)); }},
      {"kill", [&] { return allowed(::kill(::getpid(), 999)); }},
      {"process_vm_readv",
       [&] { return allowed(::syscall(SYS_process_vm_readv, 0, nullptr, 0, nullptr, 0, 1)); }},
      {"prlimit64", [&] { return allowed(::syscall(SYS_prlimit64, 0, 999, nullptr, nullptr)); }},
      {"keyctl", [&] { return allowed(::syscall(SYS_keyctl, -1, 0, 0, 0)); }},
      {"setxattr",
       [&] { return allowed(::syscall(SYS_setxattr, none.c_str(), "user.x", "", 0, 0)); }},
  };
  EXPECT_EQ(Surprises({}, may_not), ".");
}

// Images may lie on a disk of their own.
TEST_F(ConfinementTest, WhatIsMountedBelowTheRootIsReadAlone) {
  const std::string below = root_ + "/web/mounted";
  base::MakeDirectories(below);
  ASSERT_EQ(::mount("tmpfs", below.c_str(), "tmpfs", 0, nullptr), 0);
  base::WriteFileAtomically(below + "/image", "held");
  EXPECT_EQ(Surprises({{"read", [&] { return Opens(below + "/image", O_RDONLY); }}},
                      {{"write", [&] { return Opens(below + "/image", O_WRONLY); }},
                       {"make", [&] { return Opens(below + "/new", O_CREAT | O_WRONLY); }}}),
            ".");
  EXPECT_EQ(::umount2(below.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace activator
