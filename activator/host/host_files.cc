#include "activator/host/host_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "activator/os/process_root.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "units/escape.h"

namespace activator {
namespace {

constexpr const char* kUnit = "slipway-host-files.service";
constexpr std::array<const char*, 2> kFiles = {units::kResolvConf, units::kHosts};

// Whoever reads meanwhile sees the old text or the new one: a shorter one is filled up with empty
// lines first.
void WriteInPlace(const std::string& path, const std::string& text) {
  base::UniqueFd file = base::OpenOwn(path, O_WRONLY | O_CREAT, 0644);
  if (::fchmod(file.get(), 0644) != 0) {
    base::FailErrno(errno, "cannot let everybody read {}", path);
  }
  std::string filled = text;
  filled.resize(std::max<size_t>(text.size(), base::FileSize(path)), '\n');
  base::PWriteAll(file.get(), base::AsBytes(filled), 0, path);
  if (::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    base::FailErrno(errno, "cannot shorten {}", path);
  }
  base::Close(std::move(file), path);
}

void Copy(const std::string& from, const std::string& to) {
  const std::optional<std::string> there = base::ReadFileIfThere(to);
  const std::optional<std::string> text = base::ReadFileIfThere(from);
  if (!there || (text && *text != *there)) {
    WriteInPlace(to, text.value_or(""));
  }
}

void LinkCertificates(const std::string& etc, const std::string& link) {
  for (const char* file : units::kCertificateFiles) {
    const std::string path = etc + file;
    if (base::Exists(path)) {
      if (base::ReadLinkIfThere(link) != path) {
        base::ReplaceSymlink(path, link);
      }
      return;
    }
  }
  base::UnlinkIfThere(link);
}

std::string UnitText(const std::string& root) {
  return fmt::format(
      "# Written by Slipway: renews the copies of the host's files that services see.\n"
      "\n"
      "[Unit]\n"
      "Description=Slipway: follow the host's name servers and hosts\n"
      "StartLimitIntervalSec=0\n"
      "IgnoreOnIsolate=yes\n"
      "\n"
      "[Service]\n"
      "Type=exec\n"
      "ExecStart={}\n"
      "Restart=always\n"
      "RestartSec=5\n"
      "SuccessExitStatus=130\n",
      units::ExecLine({root + "/bin/activate", "--root", root, "host-files"}));
}

// A push may have brought another agent since.
bool RunsAnotherAgent(const Host& host) {
  const auto states = host.systemd.Show({kUnit});
  const auto found = states.find(kUnit);
  return found != states.end() && found->second.main_pid != 0 &&
         !RunsProgram(found->second.main_pid, host.layout.Bin() + "/activate");
}

void StartUnit(const Host& host) {
  const std::string path = host.task_directory + "/" + kUnit;
  const std::string text = UnitText(host.layout.root());
  if (base::ReadFileIfThere(path) != text) {
    base::WriteFileAtomically(path, text);
    if (!host.systemd.InMemory({kUnit}).empty()) {
      host.systemd.DaemonReload();
      host.systemd.Restart({kUnit}, Jobs::kAwaitBriefly);
    }
  }
  if (RunsAnotherAgent(host)) {
    host.systemd.Restart({kUnit}, Jobs::kAwaitBriefly);
  } else {
    host.systemd.Start({kUnit}, Jobs::kAwaitBriefly);
  }
}

// The folders in which something must change for `path` to lead to something else: its own, and
// those of the links behind it; of one that is not there, the nearest that is.
std::set<std::string> FoldersOf(std::string path) {
  constexpr int kMostLinks = 40;
  std::set<std::string> out;
  for (int i = 0; i < kMostLinks; ++i) {
    const std::string own = base::ParentOf(path);
    std::string folder = own;
    while (!base::Exists(folder)) {
      folder = base::ParentOf(folder);
    }
    out.insert(folder);
    const std::optional<std::string> target = base::ReadLinkIfThere(path);
    if (!target) {
      break;
    }
    path = target->starts_with('/') ? *target : own + "/" + *target;
  }
  return out;
}

}  // namespace

void CopyHostFiles(const std::string& etc, const std::string& folder) {
  base::MakeDirectories(folder);
  for (const char* file : kFiles) {
    Copy(etc + "/" + file, folder + "/" + file);
  }
  LinkCertificates(etc, folder + "/" + units::kCertificates);
}

HostFilesWatch::HostFilesWatch(const std::string& etc, const std::string& folder)
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  for (const char* file : kFiles) {
    for (const std::string& watched : FoldersOf(etc + "/" + file)) {
      ::inotify_add_watch(inotify_.get(), watched.c_str(),
                          IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF);
    }
  }
  CopyHostFiles(etc, folder);  // whatever changes from here on is an event
}

void HostFilesWatch::Await(std::chrono::milliseconds limit) {
  pollfd events{inotify_.get(), POLLIN, 0};
  ::poll(&events, 1, static_cast<int>(limit.count()));
}

void KeepHostFiles() {
  // Where a watch is not to be had, or a file system tells of no changes, this is how late we are.
  constexpr std::chrono::seconds kLongest{10};
  for (;;) {
    HostFilesWatch().Await(kLongest);
    base::ThrowIfInterrupted();
  }
}

void FollowHostFiles(const Host& host, const std::string& folder) {
  try {
    CopyHostFiles("/etc", folder);
    StartUnit(host);
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    host.io.Err("activate: services may not see the host's present /etc/resolv.conf: {}\n",
                error.what());
  }
}

void StopFollowingHostFiles(const Host& host, const std::string& folder) {
  const std::string path = host.task_directory + "/" + kUnit;
  if (base::ReadFileIfThere(path) != UnitText(host.layout.root())) {
    return;  // none, or of another root
  }
  host.systemd.Stop({kUnit}, Jobs::kAwaitBriefly);
  base::Unlink(path);
  base::RemoveTree(folder);
}

}  // namespace activator
