#include "store/folder_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/lock.h"
#include "base/sys.h"

namespace store {
namespace {

constexpr std::chrono::seconds kLockPatience(30);  // a writer holds it for one rename
constexpr size_t kCopiedPieceBytes = size_t{1} << 20;
constexpr time_t kLaterSeconds = 2;  // a FAT has no finer time
// Larger objects are never changed, and are not read for their version.
constexpr uint64_t kMaxDigestBytes = size_t{1} << 20;

base::FileLock Lock(const std::string& folder) {
  return {folder + "/.slipway-lock", folder, "another writer", kLockPatience};
}

bool IsNotThere(const base::Error& error) {
  return error.error_number() == ENOENT || error.error_number() == ENOTDIR;
}

// Of what is open at `fd`. The file's time would not do for small ones: a FAT has two seconds.
std::string VersionOf(int fd, const std::string& path, const struct stat& found) {
  const auto size_bytes = static_cast<uint64_t>(found.st_size);
  if (size_bytes > kMaxDigestBytes) {
    return fmt::format("{}-{}.{:09}", size_bytes, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  }
  const std::vector<uint8_t> content = base::PRead(fd, 0, size_bytes, path);
  return base::Sha256Of(content).ToHex();
}

// nullopt where there is no file.
std::optional<base::UniqueFd> OpenIfThere(const std::string& path) {
  const std::optional<struct stat> found = base::StatIfThere(path);
  if (!found || S_ISDIR(found->st_mode)) {
    return std::nullopt;
  }
  try {
    return base::OpenForReading(path);
  } catch (const base::Error& error) {
    if (IsNotThere(error)) {
      return std::nullopt;
    }
    throw;
  }
}

void Copy(const Content& content, const base::AtomicFile& file) {
  std::vector<uint8_t> piece(std::min<uint64_t>(kCopiedPieceBytes, content.size_bytes()));
  for (uint64_t at = 0; at < content.size_bytes();) {
    base::ThrowIfInterrupted();
    const size_t got = content.Read(at, piece);
    base::WriteAll(file.fd(), std::span(piece).first(got), file.temporary_path());
    at += got;
  }
}

// A web server that serves the folder makes an ETag of the size and the second of the last change.
// Two heads of one size within a second would be one to hosts that ask by it, and stay so.
void MakeYounger(const base::AtomicFile& file, const std::string& replaced) {
  const std::optional<struct stat> before = base::StatIfThere(replaced);
  const struct stat now = base::Fstat(file.fd(), file.temporary_path());
  if (!before || before->st_mtim.tv_sec < now.st_mtim.tv_sec) {
    return;
  }
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT},
                                      timespec{before->st_mtim.tv_sec + kLaterSeconds, 0}};
  if (::futimens(file.fd(), times.data()) != 0) {
    base::FailErrno(errno, "cannot set the time of {}", replaced);
  }
}

}  // namespace

FolderStore::FolderStore(std::string folder) : folder_(std::move(folder)) {}

Object FolderStore::DoGet(const std::string& key, uint64_t max_bytes,
                          const std::string& known_version) {
  Object out;
  const std::optional<base::UniqueFd> fd = OpenIfThere(PathOf(key));
  if (!fd) {
    return out;
  }
  const struct stat found = base::Fstat(fd->get(), PathOf(key));
  if (static_cast<uint64_t>(found.st_size) > max_bytes) {
    base::Fail(base::ExitCode::kVerification, "{} has {} bytes, more than the {} that it may have",
               PathOf(key), found.st_size, max_bytes);
  }
  out.version = VersionOf(fd->get(), PathOf(key), found);
  if (!known_version.empty() && out.version == known_version) {
    out.state = State::kUnchanged;
    return out;
  }
  out.state = State::kHere;
  out.body.resize(static_cast<size_t>(found.st_size));
  base::PReadExactly(fd->get(), {reinterpret_cast<uint8_t*>(out.body.data()), out.body.size()}, 0,
                     PathOf(key));
  return out;
}

RangesRead FolderStore::DoGetRanges(const std::string& key, const std::vector<Range>& ranges,
                                    const RangeSink& sink) {
  const std::optional<base::UniqueFd> fd = OpenIfThere(PathOf(key));
  if (!fd) {
    return {};
  }
  std::vector<uint8_t> piece(kCopiedPieceBytes);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const Range& range = ranges[i];
    for (uint64_t done = 0; done < range.size_bytes;) {
      base::ThrowIfInterrupted();
      const std::span<uint8_t> out =
          std::span(piece).first(std::min<uint64_t>(piece.size(), range.size_bytes - done));
      const size_t got = base::PReadInto(fd->get(), out, range.offset + done, PathOf(key));
      if (got == 0) {
        base::Fail(base::ExitCode::kVerification, "{} ends before byte {}: it is damaged",
                   PathOf(key), range.offset + range.size_bytes);
      }
      sink(i, out.first(got));
      done += got;
    }
  }
  return {State::kHere, false};
}

Info FolderStore::DoHead(const std::string& key) {
  const std::optional<base::UniqueFd> fd = OpenIfThere(PathOf(key));
  if (!fd) {
    return {};
  }
  const struct stat found = base::Fstat(fd->get(), PathOf(key));
  return {State::kHere, static_cast<uint64_t>(found.st_size),
          VersionOf(fd->get(), PathOf(key), found)};
}

Written FolderStore::Write(const std::string& key, const Content& content,
                           const std::function<bool(const std::string& version)>& may) {
  std::optional<base::AtomicFile> file;
  base::MakeDirectories(folder_);
  {
    // Delete removes folders that are empty, also one that was made just now.
    const base::FileLock lock = Lock(folder_);
    if (!may(DoHead(key).version)) {
      return std::nullopt;
    }
    base::MakeDirectories(base::ParentOf(PathOf(key)));
    file.emplace(PathOf(key), 0644);
  }
  Copy(content, *file);
  const base::FileLock lock = Lock(folder_);
  if (!may(DoHead(key).version)) {
    return std::nullopt;
  }
  MakeYounger(*file, PathOf(key));
  file->Commit();
  return DoHead(key).version;
}

Written FolderStore::DoPutIfAbsent(const std::string& key, const Content& content,
                                   const PutOptions& /*options*/) {
  return Write(key, content, [](const std::string& version) { return version.empty(); });
}

Written FolderStore::DoCompareAndSwap(const std::string& key, const std::string& version,
                                      const Content& content, const PutOptions& /*options*/) {
  return Write(key, content,
               [&](const std::string& there) { return !there.empty() && there == version; });
}

std::string FolderStore::DoPut(const std::string& key, const Content& content,
                               const PutOptions& /*options*/) {
  return *Write(key, content, [](const std::string& /*version*/) { return true; });
}

void FolderStore::DoDelete(const std::string& key) {
  if (!base::Exists(folder_)) {
    return;
  }
  const base::FileLock lock = Lock(folder_);
  if (!base::UnlinkIfThere(PathOf(key))) {
    return;
  }
  std::string parent = base::ParentOf(PathOf(key));
  while (parent != folder_ && base::TheSys().Rmdir(parent.c_str()) == 0) {
    parent = base::ParentOf(parent);
  }
  base::FsyncDirectory(parent);
}

void FolderStore::ListBelow(const std::string& key, const std::string& prefix, size_t most,
                            std::vector<Listed>& out) {
  for (const std::string& name : base::ListDirectory(key.empty() ? folder_ : PathOf(key))) {
    base::ThrowIfInterrupted();
    const std::string child = key.empty() ? name : key + "/" + name;
    const std::optional<struct stat> found = base::StatIfThere(PathOf(child));
    if (!IsKey(child) || !found) {
      continue;
    }
    if (S_ISDIR(found->st_mode)) {
      const std::string below = child + "/";
      if (below.starts_with(prefix) || prefix.starts_with(below)) {
        ListBelow(child, prefix, most, out);
      }
    } else if (S_ISREG(found->st_mode) && child.starts_with(prefix)) {
      if (Info info = DoHead(child); info.state == State::kHere) {
        AddListed({child, info.size_bytes, std::move(info.version)}, most, out);
      }
    }
  }
}

std::vector<Listed> FolderStore::DoList(const std::string& prefix, size_t most) {
  std::vector<Listed> out;
  ListBelow("", prefix, most, out);
  std::sort(out.begin(), out.end(),
            [](const Listed& one, const Listed& other) { return one.key < other.key; });
  return out;
}

}  // namespace store
