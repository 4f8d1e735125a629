#include "activator/switch/data_folders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "activator/state/generations.h"
#include "activator/switch/check_host_paths.h"
#include "activator/switch/users.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"
#include "units/directive_words.h"
#include "units/unit_paths.h"

namespace activator {
namespace {

struct Kind {
  std::string_view base;
  std::string_view option;  // of [Service]
};
constexpr std::array<Kind, 4> kKinds = {{
    {"/var/lib", "StateDirectory"},
    {"/var/cache", "CacheDirectory"},
    {"/var/log", "LogsDirectory"},
    {"/run", "RuntimeDirectory"},  // goes when the service stops
}};
constexpr std::string_view kRun = "/run";

std::string Directive(const images::Service& service, const char* option) {
  const std::string* line = units::DirectiveOf(service, "Service", option);
  return line == nullptr ? "" : *line;
}

// None where its lines are wrong: the checks of paths say so.
std::map<std::string, units::ServiceDirectory> FoldersOf(const std::string& name,
                                                         const images::Service& service,
                                                         const Kind& kind) {
  std::map<std::string, units::ServiceDirectory> out;
  try {
    for (const units::ServiceDirectory& directory : units::DirectoriesOf(name, service)) {
      if (directory.option == kind.option) {
        out.emplace(directory.path, directory);
      }
    }
  } catch (const base::Error&) {
    out.clear();
  }
  return out;
}

struct NewFolder {
  const std::string& name;
  const images::Service& service;
  const Kind& kind;
  const units::ServiceDirectory& directory;
};

// Those of each service that it did not have in `before`.
void EachNewFolder(const images::Services& services, const images::Services& before,
                   const std::function<void(const NewFolder& folder)>& use) {
  for (const auto& [name, service] : services) {
    const auto old = before.find(name);
    for (const Kind& kind : kKinds) {
      const auto own = old == before.end() ? std::map<std::string, units::ServiceDirectory>()
                                           : FoldersOf(name, old->second, kind);
      for (const auto& [path, directory] : FoldersOf(name, service, kind)) {
        if (!own.contains(path)) {
          use({name, service, kind, directory});
        }
      }
    }
  }
}

bool IsDynamic(const images::Service& service) {
  const std::string line = Directive(service, "DynamicUser");
  return line.empty() ? !service.user && Directive(service, "User").empty()
                      : line == "yes" || line == "true" || line == "on" || line == "1";
}

struct User {
  std::string name;
  std::optional<uid_t> uid;  // nullopt: not on this host yet
};

// Of a service that names one.
User UserOf(const Host& host, const images::Service& service) {
  User out{Directive(service, "User"), std::nullopt};
  if (out.name.empty()) {
    out.name = service.user.value_or("root");
  }
  std::string number = out.name == "root" ? "0" : out.name;
  if (const auto line = out.name == "root" ? std::nullopt : host.accounts->User(out.name)) {
    number = PasswdField(*line, 2);
  }
  uid_t uid = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), uid);
  if (error == std::errc() && end == number.data() + number.size()) {
    out.uid = uid;
  }
  return out;
}

std::string NameOf(const Host& host, uid_t uid) {
  if (uid == 0) {
    return "root";
  }
  const std::optional<std::string> line = host.accounts->User(std::to_string(uid));
  return line ? PasswdField(*line, 0) : std::to_string(uid);
}

std::string Remedy(const Host& host, const std::string& folder, uid_t owner, const User& user) {
  if (owner != 0) {
    return fmt::format("set \"user\": \"{}\" in its definition", NameOf(host, owner));
  }
  if (user.name.empty()) {
    return "set \"user\" in its definition, and give the folder to that user";
  }
  return fmt::format("{}give it away by chown -R {}: {}",
                     user.uid ? ""
                              : fmt::format("add that user by systemd-sysusers --inline 'u {} -' "
                                            "and ",
                                            user.name),
                     user.name, folder);
}

// Apart from what a new file system has.
bool IsEmpty(const std::string& folder) {
  const std::vector<std::string> entries = base::ListDirectory(folder);
  return entries.empty() || entries == std::vector<std::string>{"lost+found"};
}

// Empty where the service may have the folder.
std::string Problem(const Host& host, const std::string& name, const images::Service& service,
                    const std::string& folder) {
  const std::string path = host.os_root + folder;
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (!found || !S_ISDIR(found->st_mode) || IsDynamicId(found->st_uid) ||
      (found->st_uid == 0 && IsEmpty(path))) {
    return "";
  }
  const User user = IsDynamic(service) ? User() : UserOf(host, service);
  if (user.uid == found->st_uid) {
    return "";
  }
  return fmt::format(
      "{} belongs to the user {}, and service {}, which runs as {}, would take it over: {}, or "
      "{}",
      folder, NameOf(host, found->st_uid), name, user.name.empty() ? "a dynamic user" : user.name,
      Remedy(host, folder, found->st_uid, user),
      IsMountPoint(path) ? "mount it elsewhere" : "move the folder away");
}

units::ServiceDirectory OnHost(const Host& host, units::ServiceDirectory directory) {
  directory.path.insert(0, host.os_root);
  if (!directory.private_path.empty()) {
    directory.private_path.insert(0, host.os_root);
  }
  return directory;
}

std::string PrivatePathOf(const Host& host, const std::string& path) {
  for (const Kind& kind : kKinds) {
    const std::string base = fmt::format("{}{}/", host.os_root, kind.base);
    if (path.starts_with(base)) {
      return base + "private/" + path.substr(base.size());
    }
  }
  return "";
}

bool IsDirectory(const std::string& path) {
  const std::optional<struct stat> found = base::LstatIfThere(path);
  return found && S_ISDIR(found->st_mode);
}

// Back from private/, and made again where it went with the service that stopped.
void PutBack(const Host& host, const std::string& path) {
  const std::string hidden = PrivatePathOf(host, path);
  const std::optional<struct stat> now = base::LstatIfThere(path);
  if (now && !S_ISLNK(now->st_mode)) {
    return;
  }
  if (!IsDirectory(hidden)) {
    if (!now) {
      base::MakeDirectories(path);
    }
    return;
  }
  base::UnlinkIfThere(path);
  if (base::TheSys().Rename(hidden.c_str(), path.c_str()) != 0) {
    base::FailErrno(errno, "cannot move {} back to {}", hidden, path);
  }
  base::FsyncDirectory(base::ParentOf(hidden));
  base::FsyncDirectory(base::ParentOf(path));
}

base::UniqueFd OpenFolder(int at, const char* name) {
  return base::UniqueFd(::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Whose was whose: what belongs to `from` becomes `to`'s; what belongs to others stays.
struct Ids {
  uid_t uid;
  gid_t gid;
};

Ids Exchanged(const struct stat& found, const Ids& from, const Ids& to) {
  return {found.st_uid == from.uid ? to.uid : found.st_uid,
          found.st_gid == from.gid ? to.gid : found.st_gid};
}

// Never through a link: what is below may be the doing of the service.
void ChownBelow(const base::UniqueFd& folder, const std::string& path, const Ids& from,
                const Ids& to) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::fdopendir(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0)), &::closedir);
  if (entries == nullptr) {
    base::FailErrno(errno, "cannot read {}", path);
  }
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    struct stat found {};
    if (name == "." || name == ".." ||
        ::fstatat(::dirfd(entries.get()), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    const std::string below = fmt::format("{}/{}", path, name);
    if (S_ISDIR(found.st_mode)) {
      const base::UniqueFd inner = OpenFolder(folder.get(), entry->d_name);
      if (inner.get() < 0) {
        base::FailErrno(errno, "cannot open {}", below);
      }
      ChownBelow(inner, below, from, to);
    }
    const Ids ids = Exchanged(found, from, to);
    if ((ids.uid != found.st_uid || ids.gid != found.st_gid) &&
        ::fchownat(folder.get(), entry->d_name, ids.uid, ids.gid, AT_SYMLINK_NOFOLLOW) != 0) {
      base::FailErrno(errno, "cannot change the owner of {}", below);
    }
  }
}

// The folder itself comes last: it says whether there is anything to do.
void GiveBack(const DataFolder& before) {
  const base::UniqueFd folder = OpenFolder(AT_FDCWD, before.path.c_str());
  if (folder.get() < 0) {
    base::FailErrno(errno, "cannot open {}", before.path);
  }
  const struct stat now = base::Fstat(folder.get(), before.path);
  const Ids to{before.uid, before.gid};
  if (now.st_uid != to.uid || now.st_gid != to.gid) {
    ChownBelow(folder, before.path, {now.st_uid, now.st_gid}, to);
    if (::fchown(folder.get(), to.uid, to.gid) != 0) {
      base::FailErrno(errno, "cannot change the owner of {}", before.path);
    }
  }
  if ((now.st_mode & ALLPERMS) != before.mode && ::fchmod(folder.get(), before.mode) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", before.path);
  }
}

}  // namespace

std::vector<std::string> TakenFolders(const Host& host, const images::Services& services,
                                      const images::Services& before) {
  std::vector<std::string> out;
  EachNewFolder(services, before, [&](const NewFolder& folder) {
    // What systemd cannot make is said by the checks of paths, and mended otherwise.
    if (folder.kind.base == kRun || !DirectoryProblem(OnHost(host, folder.directory)).empty()) {
      return;
    }
    std::string problem = Problem(host, folder.name, folder.service, folder.directory.path);
    if (!problem.empty()) {
      out.push_back(std::move(problem));
    }
  });
  return out;
}

std::vector<DataFolder> NewDataFolders(const Host& host, uint64_t from, uint64_t to) {
  std::vector<DataFolder> out;
  EachNewFolder(ServicesOf(host.layout, to), ServicesOf(host.layout, from),
                [&](const NewFolder& folder) {
                  const std::string path = host.os_root + folder.directory.path;
                  const std::optional<struct stat> found = base::LstatIfThere(path);
                  if (found && S_ISDIR(found->st_mode)) {
                    out.push_back({path, found->st_uid, found->st_gid, found->st_mode & ALLPERMS});
                  }
                });
  return out;
}

void RestoreDataFolders(const Host& host, const std::vector<DataFolder>& folders) {
  for (const DataFolder& folder : folders) {
    PutBack(host, folder.path);
    if (IsDirectory(folder.path)) {
      GiveBack(folder);
    }
  }
}

}  // namespace activator
