#include "activator/examine.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <linux/fsverity.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <functional>

#include "activator/host/boot_unit.h"
#include "activator/os/dm_verity.h"
#include "activator/os/kernel_features.h"
#include "activator/os/shared_blocks.h"
#include "activator/receive/assembly.h"
#include "activator/state/generations.h"
#include "activator/state/root.h"
#include "activator/switch/preflight.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace activator {
namespace {

// Itself, or what it would be made in.
std::string NearestDirectory(const std::string& path) {
  return path == "/" || base::Exists(path) ? path : NearestDirectory(base::ParentOf(path));
}

unsigned long MountFlags(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) {
    base::FailErrno(errno, "cannot look at the file system of {}", path);
  }
  return found.f_flag;
}

// A file system that has it, and lacks it for this file, has no data to measure.
bool CanHaveFsVerity(const std::string& directory) {
  const base::UniqueFd file = base::OpenForReading(directory);
  fsverity_digest digest{};
  return ::ioctl(file.get(), FS_IOC_MEASURE_VERITY, &digest) == 0 || errno == ENODATA;
}

class Facts {
 public:
  explicit Facts(const base::Io& io) : io_(io) {}

  void Add(const std::string& key, const std::string& text) const {
    io_.Out("\nSLIPWAY1 FACT {} {}\n", key, base::Printable(text, std::string::npos));
  }
  // Nothing where `check` finds nothing.
  void AddProblem(const std::string& key, const std::function<void()>& check) const {
    try {
      check();
    } catch (const base::Error& error) {
      if (error.code() == base::ExitCode::kInterrupted) {
        throw;
      }
      Add(key + "-problem", error.what());
    }
  }

 private:
  const base::Io& io_;
};

void ExamineDisk(const images::HostLayout& layout, const std::string& agent_directory,
                 const Facts& facts) {
  const std::string directory = NearestDirectory(layout.root());
  facts.AddProblem("space", [&] {
    facts.Add("free-bytes", std::to_string(base::FreeBytes(directory)));
    CheckInodes(directory);
  });
  facts.AddProblem("write", [&] {
    if ((MountFlags(directory) & ST_RDONLY) != 0) {
      base::Fail(base::ExitCode::kFailed, "{} is on a read-only file system: choose another --root",
                 directory);
    }
    facts.Add("reflink", CanShareBlocks(directory) ? "yes" : "no");
    facts.Add("fs-verity", CanHaveFsVerity(directory) ? "yes" : "no");
    const std::string problem = DmVerityProblem();
    facts.Add("dm-verity", problem.empty() ? "yes" : "no: " + problem);
  });
  facts.AddProblem("noexec", [&] {
    if ((MountFlags(NearestDirectory(agent_directory)) & ST_NOEXEC) != 0) {
      base::Fail(base::ExitCode::kFailed,
                 "no program can run in {}, which is mounted noexec: choose another directory for "
                 "the agent, such as --agent-dir /usr/local/lib/slipway",
                 agent_directory);
    }
  });
}

// Whether it takes signed images alone, and what checks them there.
void ExamineTrust(const images::HostLayout& layout, const Facts& facts) {
  facts.AddProblem("trust", [&] { facts.Add("trust", LoadTrust(layout) ? "on" : "off"); });
  facts.AddProblem("ssh-keygen", CheckSshKeygen);
}

}  // namespace

void Examine(const Host& host, const std::string& agent_directory) {
  const Facts facts(host.io);
  facts.AddProblem("root", [&] { CheckRoot(host.layout); });
  facts.AddProblem("root", [&] {
    if (IsDirectoryHost(host.layout)) {
      base::Fail(base::ExitCode::kFailed,
                 "{} was made by a push to a folder; choose another --root", host.layout.root());
    }
  });
  ExamineDisk(host.layout, agent_directory, facts);
  ExamineTrust(host.layout, facts);
  facts.AddProblem("boot", [&] { CheckBootUnit(host); });
  if (host.unit_directory != host.configured_directory) {
    facts.Add("unit-directory", host.unit_directory);
  }
  if (const std::string note = SelinuxNote("/sys/fs/selinux/enforce"); !note.empty()) {
    facts.Add("selinux", note);
  }
  facts.AddProblem(
      "loop", [&] { facts.Add("features", fmt::format("{}", fmt::join(ProbeFeatures(), " "))); });
  facts.AddProblem("namespace", [] {
    if (::unshare(CLONE_NEWNS) != 0) {
      base::FailErrno(errno, "cannot make a mount namespace, which each service has");
    }
  });
}

}  // namespace activator
