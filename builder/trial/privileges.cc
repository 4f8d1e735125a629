#include "builder/trial/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>

#include "base/error.h"

namespace builder {
namespace {

// By number (capabilities(7)).
constexpr std::array kNames = {"CAP_CHOWN",
                               "CAP_DAC_OVERRIDE",
                               "CAP_DAC_READ_SEARCH",
                               "CAP_FOWNER",
                               "CAP_FSETID",
                               "CAP_KILL",
                               "CAP_SETGID",
                               "CAP_SETUID",
                               "CAP_SETPCAP",
                               "CAP_LINUX_IMMUTABLE",
                               "CAP_NET_BIND_SERVICE",
                               "CAP_NET_BROADCAST",
                               "CAP_NET_ADMIN",
                               "CAP_NET_RAW",
                               "CAP_IPC_LOCK",
                               "CAP_IPC_OWNER",
                               "CAP_SYS_MODULE",
                               "CAP_SYS_RAWIO",
                               "CAP_SYS_CHROOT",
                               "CAP_SYS_PTRACE",
                               "CAP_SYS_PACCT",
                               "CAP_SYS_ADMIN",
                               "CAP_SYS_BOOT",
                               "CAP_SYS_NICE",
                               "CAP_SYS_RESOURCE",
                               "CAP_SYS_TIME",
                               "CAP_SYS_TTY_CONFIG",
                               "CAP_MKNOD",
                               "CAP_LEASE",
                               "CAP_AUDIT_WRITE",
                               "CAP_AUDIT_CONTROL",
                               "CAP_SETFCAP",
                               "CAP_MAC_OVERRIDE",
                               "CAP_MAC_ADMIN",
                               "CAP_SYSLOG",
                               "CAP_WAKE_ALARM",
                               "CAP_BLOCK_SUSPEND",
                               "CAP_AUDIT_READ",
                               "CAP_PERFMON",
                               "CAP_BPF",
                               "CAP_CHECKPOINT_RESTORE"};

// What reaches the machine itself. No trial has them; a program that needs them is for a host.
constexpr std::array<std::string_view, 18> kOfTheMachine = {
    "CAP_AUDIT_CONTROL",      "CAP_AUDIT_READ",      "CAP_BLOCK_SUSPEND",   "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE", "CAP_DAC_READ_SEARCH", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
    "CAP_MAC_OVERRIDE",       "CAP_MKNOD",           "CAP_PERFMON",         "CAP_SYSLOG",
    "CAP_SYS_ADMIN",          "CAP_SYS_BOOT",        "CAP_SYS_MODULE",      "CAP_SYS_RAWIO",
    "CAP_SYS_TIME",           "CAP_WAKE_ALARM"};

bool IsOfTheMachine(std::string_view name) {
  return std::find(kOfTheMachine.begin(), kOfTheMachine.end(), name) != kOfTheMachine.end();
}

void Must(bool done, const char* what) {
  if (!done) {
    base::FailErrno(errno, "cannot {}", what);
  }
}

// "~A B": all but these.
std::set<size_t> Numbers(const std::vector<std::string>& names) {
  std::set<size_t> out;
  std::vector<std::string> listed = names;
  const bool drops = !listed.empty() && listed.front().starts_with('~');
  if (drops) {
    listed.front().erase(0, 1);
  }
  for (size_t i = 0; i < kNames.size(); ++i) {
    const bool is_listed = std::find(listed.begin(), listed.end(), kNames[i]) != listed.end();
    if (is_listed != drops && !IsOfTheMachine(kNames[i])) {
      out.insert(i);
    }
  }
  return out;
}

// The ambient set takes what is permitted and inheritable.
void RaiseAmbient(const std::set<size_t>& wanted, bool is_root) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  Must(::syscall(SYS_capget, &header, sets.data()) == 0, "read capabilities");
  sets[0].inheritable = sets[1].inheritable = 0;
  for (const size_t number : wanted) {
    sets[number / 32].inheritable |= 1U << (number % 32);
  }
  if (!is_root) {  // what is kept over the change of users is for the ambient set alone
    for (auto& set : sets) {
      set.permitted &= set.inheritable;
      set.effective = set.permitted;
    }
  }
  Must(::syscall(SYS_capset, &header, sets.data()) == 0, "set capabilities");
  for (const size_t number : wanted) {
    Must(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) == 0,
         "give an ambient capability");
  }
}

}  // namespace

void TakeOn(const Privileges& privileges) {
  const std::vector<std::string> all(kNames.begin(), kNames.end());
  const std::set<size_t> kept = Numbers(privileges.bounding.value_or(all));
  for (size_t number = 0; number < 64; ++number) {
    if (!kept.contains(number) && ::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
      Must(errno == EINVAL, "drop a capability");  // EINVAL: this kernel does not know it
    }
  }
  Must(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0, "keep capabilities");
  // In a user namespace of an unprivileged user groups cannot be left (EPERM), and need not be.
  Must(::setgroups(0, nullptr) == 0 || errno == EPERM, "leave groups");
  Must(::setresgid(privileges.group, privileges.group, privileges.group) == 0, "become a group");
  Must(::setresuid(privileges.user, privileges.user, privileges.user) == 0, "become a user");
  RaiseAmbient(Numbers(privileges.ambient), privileges.user == 0);
  if (privileges.no_new) {
    Must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "forbid new privileges");
  }
}

}  // namespace builder
