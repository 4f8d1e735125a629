#include "activator/state/history_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"

namespace activator {
namespace {

constexpr uint64_t kBlockBytes = 64 << 10;
// Each line is an object with sorted keys, and a quote within a string stands behind a backslash:
// no other field can look like this.
constexpr std::string_view kSequenceKey = "\"sequence\":";

}  // namespace

HistoryFile::HistoryFile(const std::string& path)
    : path_(path), fd_(base::TheSys().Open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0)) {
  if (!fd_.valid() && errno != ENOENT) {
    base::FailErrno(errno, "cannot read {}", path);
  }
}

uint64_t HistoryFile::Size() const {
  return fd_.valid() ? static_cast<uint64_t>(base::Fstat(fd_.get(), path_).st_size) : 0;
}

std::string HistoryFile::ReadAt(uint64_t offset, uint64_t size_bytes) const {
  return std::string(base::AsText(base::PRead(fd_.get(), offset, size_bytes, path_)));
}

uint64_t HistoryFile::End() const {
  for (uint64_t at = Size(); at > 0;) {
    const uint64_t start = at - std::min(at, kBlockBytes);
    const size_t newline = ReadAt(start, at - start).rfind('\n');
    if (newline != std::string::npos) {
      return start + newline + 1;
    }
    at = start;
  }
  return 0;
}

void HistoryFile::EachFromLast(const Use& use) const {
  std::string rest;  // of the file from `at`, up to the newline of the next line to be told
  for (uint64_t at = End(); at > 0;) {
    const uint64_t start = at - std::min(at, kBlockBytes);
    rest.insert(0, ReadAt(start, at - start));
    at = start;
    while (!rest.empty()) {
      // Its own newline is the last byte.
      const size_t before = rest.size() < 2 ? std::string::npos : rest.rfind('\n', rest.size() - 2);
      if (before == std::string::npos && at > 0) {
        break;  // it starts in the block before
      }
      const size_t first = before == std::string::npos ? 0 : before + 1;
      if (!use(std::string_view(rest).substr(first, rest.size() - 1 - first), at + first)) {
        return;
      }
      rest.resize(first);
    }
  }
}

void HistoryFile::EachFrom(uint64_t offset, uint64_t end, const Use& use) const {
  std::string rest;
  for (uint64_t at = offset; at < end;) {
    const std::string block = ReadAt(at, std::min(end - at, kBlockBytes));
    if (block.empty()) {
      return;  // somebody cut it
    }
    uint64_t line_at = at - rest.size();
    rest += block;
    at += block.size();
    size_t start = 0;
    for (size_t newline = rest.find('\n'); newline != std::string::npos;
         newline = rest.find('\n', start)) {
      if (!use(std::string_view(rest).substr(start, newline - start), line_at)) {
        return;
      }
      line_at += newline + 1 - start;
      start = newline + 1;
    }
    rest.erase(0, start);
  }
}

void HistoryFile::Sync() const {
  if (fd_.valid() && base::TheSys().Fsync(fd_.get()) != 0 && errno != EROFS && errno != EINVAL) {
    base::FailErrno(errno, "cannot sync {}", path_);
  }
}

std::optional<uint64_t> SequenceOf(std::string_view line) {
  const size_t key = line.find(kSequenceKey);
  if (key == std::string_view::npos || !line.starts_with('{') || !line.ends_with('}')) {
    return std::nullopt;
  }
  uint64_t out = 0;
  const char* begin = line.data() + key + kSequenceKey.size();
  const auto [end, error] = std::from_chars(begin, line.data() + line.size(), out);
  return error == std::errc() && end != begin ? std::optional(out) : std::nullopt;
}

}  // namespace activator
