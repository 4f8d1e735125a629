#include "activator/os/confinement.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "base/error.h"

namespace activator {
namespace {

constexpr unsigned long kBare = MS_NOSUID | MS_NODEV | MS_NOEXEC;
// Hidden by a file system of our own in our namespace; no root is below it.
constexpr const char* kPlace = "/proc";

void Require(long result, const char* what) {
  if (result < 0) {
    base::FailErrno(errno, "cannot confine the process that receives ({})", what);
  }
}

void MakeFolders(const std::string& path, size_t from) {
  for (size_t end = path.find('/', from); end != std::string::npos; end = path.find('/', end + 1)) {
    ::mkdir(path.substr(0, end).c_str(), 0755);
  }
  ::mkdir(path.c_str(), 0755);
}

void EnterOwnRoot(const Confinement& confinement) {
  const std::string place = kPlace;
  const std::string root = place + confinement.root;
  const std::string writable = place + confinement.writable;
  Require(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");
  Require(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private mounts");
  Require(::mount("tmpfs", kPlace, "tmpfs", kBare, "mode=0755,size=64k"), "tmpfs");
  MakeFolders(root, place.size() + 1);
  Require(::mount(confinement.root.c_str(), root.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
          "root");
  mount_attr read_only{};  // whatever is mounted below it, too
  read_only.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  Require(::syscall(SYS_mount_setattr, AT_FDCWD, root.c_str(), AT_RECURSIVE, &read_only,
                    sizeof(read_only)),
          "root");
  Require(::mount(confinement.writable.c_str(), writable.c_str(), nullptr, MS_BIND, nullptr),
          "writable folder");
  Require(::mount(nullptr, writable.c_str(), nullptr, MS_REMOUNT | MS_BIND | kBare, nullptr),
          "writable folder");
  Require(::chdir(kPlace), "chdir");
  Require(::syscall(SYS_pivot_root, ".", "."), "pivot_root");
  Require(::umount2(".", MNT_DETACH), "umount");
  Require(::mount(nullptr, "/", nullptr, MS_REMOUNT | MS_RDONLY | kBare, nullptr), "own root");
}

void Limit(decltype(RLIMIT_CORE) resource, uint64_t value) {
  const rlimit limit{value, value};
  Require(::setrlimit(resource, &limit), "setrlimit");
}

void SetLimits(const Confinement& confinement) {
  constexpr uint64_t kMostMemory = uint64_t{4} << 30;  // reserved; what is used is far less
  constexpr uint64_t kMostFiles = 1024;
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_FSIZE, confinement.max_file_bytes);
  Limit(RLIMIT_AS, kMostMemory);
  Limit(RLIMIT_NOFILE, kMostFiles);
}

void DropPrivileges() {
  constexpr int kMostCapabilities = 64;
  Require(::prctl(PR_SET_DUMPABLE, 0), "dumpable");
  Require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges");
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (int capability = 0; capability < kMostCapabilities; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL) {
      Require(-1, "capabilities");
    }
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  Require(::syscall(SYS_capset, &header, none.data()), "capabilities");
}

// Those that are harmless whatever they are given: what they can reach is what is here. No locks:
// it could hold those of the host, which it sees.
constexpr std::array kAllowed = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_openat,
    SYS_close,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_lseek,
    SYS_getdents64,
    SYS_readlinkat,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_fadvise64,
    SYS_copy_file_range,
    SYS_unlinkat,
    SYS_mkdirat,
    SYS_renameat,
    SYS_renameat2,
    SYS_umask,
    SYS_getcwd,
    SYS_dup,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_set_tid_address,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_ppoll,
    SYS_pselect6,
    SYS_getrandom,
    SYS_getpid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_uname,
    SYS_sysinfo,
    SYS_membarrier,
#ifdef SYS_open  // not on every machine
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_rename,
    SYS_unlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_poll,
    SYS_select,
    SYS_time,
#endif
};
constexpr std::array kFileControls = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC};
constexpr std::array<uint64_t, 2> kIoctls = {FICLONERANGE, 0xc020660b /* FS_IOC_FIEMAP */};

#if defined(__x86_64__)
constexpr uint32_t kMachine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kMachine = AUDIT_ARCH_AARCH64;
#else
#error "the receiving process cannot be confined on this machine: its AUDIT_ARCH is missing here"
#endif

// A program of the kernel's filter: the first rule that fits counts.
class Filter {
 public:
  Filter() {
    Load(offsetof(seccomp_data, arch));
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMachine, 1, 0));
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    Load(offsetof(seccomp_data, nr));
  }
  void Answer(long call, uint32_t answer) {
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1));
    Add(BPF_STMT(BPF_RET | BPF_K, answer));
  }
  // Allows the call where the lower half of an argument is one of these values; or, with `bits`,
  // has one of these bits.
  template <typename Values>
  void AllowWith(long call, size_t argument, const Values& values, bool bits = false) {
    const size_t rules = values.size();
    Add(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0,
                 static_cast<uint8_t>(2 * rules + 2)));
    Load(offsetof(seccomp_data, args) + argument * sizeof(uint64_t));
    for (const auto value : values) {
      const auto code = static_cast<uint16_t>(BPF_JMP | (bits ? BPF_JSET : BPF_JEQ) | BPF_K);
      Add(BPF_JUMP(code, static_cast<uint32_t>(value), 0, 1));
      Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  void Install() {
    Add(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    Require(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
  }

 private:
  void Add(sock_filter instruction) { code_.push_back(instruction); }
  void Load(size_t offset) {
    Add(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)));
  }

  std::vector<sock_filter> code_;
};

void LimitSystemCalls() {
  Filter filter;
  for (const long call : kAllowed) {
    filter.Answer(call, SECCOMP_RET_ALLOW);
  }
  // clone3 has its flags where no filter sees them; the C library then takes clone.
  filter.Answer(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.AllowWith(SYS_clone, 0, std::array{CLONE_THREAD}, true);
  filter.AllowWith(SYS_fcntl, 1, kFileControls);
  filter.AllowWith(SYS_ioctl, 1, kIoctls);
  filter.Install();
}

}  // namespace

void Confine(const Confinement& confinement) {
  EnterOwnRoot(confinement);
  SetLimits(confinement);
  DropPrivileges();
  LimitSystemCalls();
}

}  // namespace activator
