#include "builder/trial/file_tracer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "base/file.h"

namespace builder {
namespace {

using Kind = PathCall::Kind;

constexpr int kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
// A search along a path of folders finds its file within so many names.
constexpr uint64_t kSearchLength = 64;

void Resume(pid_t pid, int signal_number) {
  ::ptrace(PTRACE_SYSCALL, pid, nullptr, signal_number);  // fails where it was killed meanwhile
}

// Up to `size_bytes` at `address` of the process, less where its memory ends.
std::string ReadMemory(pid_t pid, uint64_t address, size_t size_bytes) {
  std::string out(size_bytes, '\0');
  const iovec ours{out.data(), out.size()};
  const iovec theirs{reinterpret_cast<void*>(address), size_bytes};  // NOLINT: of their memory
  const ssize_t got = ::process_vm_readv(pid, &ours, 1, &theirs, 1, 0);
  out.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return out;
}

// A text that ends with NUL; piece by piece, because the page behind it may not be there.
std::string ReadText(pid_t pid, uint64_t address) {
  constexpr uint64_t kPiece = 256;
  std::string out;
  while (out.size() < PATH_MAX) {
    const std::string piece =
        ReadMemory(pid, address + out.size(), kPiece - (address + out.size()) % kPiece);
    const size_t end = piece.find('\0');
    out += piece.substr(0, end);
    if (piece.empty() || end != std::string::npos) {
      break;
    }
  }
  return out;
}

// As the process means it: from its working directory, or the folder that `folder` is open at.
std::string WholePath(pid_t pid, const std::string& path, int folder) {
  if (path.empty() || path.starts_with('/')) {
    return path;
  }
  const std::string at = folder == AT_FDCWD ? "cwd" : fmt::format("fd/{}", folder);
  const auto start = base::ReadLinkIfThere(fmt::format("/proc/{}/{}", pid, at));
  return start ? (std::filesystem::path(*start) / path).lexically_normal().string() : "";
}

std::string AddressText(const std::string& bytes) {
  sockaddr_storage address{};
  std::memcpy(&address, bytes.data(), std::min(bytes.size(), sizeof address));
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_UNIX && bytes.size() > offsetof(sockaddr_un, sun_path)) {
    const std::string path = bytes.substr(offsetof(sockaddr_un, sun_path));
    return path.substr(0, path.find('\0'));  // empty: an abstract one
  }
  if (address.ss_family == AF_INET && bytes.size() >= sizeof(sockaddr_in)) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address);
    return fmt::format("{}:{}", ::inet_ntop(AF_INET, &in->sin_addr, text.data(), INET6_ADDRSTRLEN),
                       ntohs(in->sin_port));
  }
  if (address.ss_family == AF_INET6 && bytes.size() >= sizeof(sockaddr_in6)) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address);
    return fmt::format("[{}]:{}",
                       ::inet_ntop(AF_INET6, &in->sin6_addr, text.data(), INET6_ADDRSTRLEN),
                       ntohs(in->sin6_port));
  }
  return "";
}

// What a search varies besides the folder: "foo.so", "foo.py" and "foo" are one search.
std::string Stem(const std::string& path) {
  const std::string name = base::BaseName(path);
  return name.substr(0, std::max<size_t>(1, name.find('.', 1)));
}

}  // namespace

bool FileTracer::Follow(pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, kOptions) != 0) {
    return false;
  }
  tracees_[pid].has_executed = false;
  ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  return true;
}

void FileTracer::OnStatus(pid_t pid, int status) {
  if (!WIFSTOPPED(status)) {
    tracees_.erase(pid);
    return;
  }
  Tracee& tracee = tracees_[pid];
  const int signal_number = WSTOPSIG(status);
  const int event = status >> 16;
  unsigned long message = 0;
  switch (event) {
    case 0:
      if (signal_number == (SIGTRAP | 0x80)) {
        OnSystemCall(pid, tracee);
        Resume(pid, 0);
      } else {
        Resume(pid, signal_number);
      }
      return;
    case PTRACE_EVENT_STOP:
      if (signal_number == SIGTRAP) {
        Resume(pid, 0);
      } else {
        ::ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);  // stopped, until SIGCONT
      }
      return;
    case PTRACE_EVENT_EXEC:
      tracee.has_executed = true;
      break;
    default:
      if (::ptrace(PTRACE_GETEVENTMSG, pid, nullptr, &message) == 0) {
        tracees_[static_cast<pid_t>(message)].has_executed = tracee.has_executed;
      }
  }
  Resume(pid, 0);
}

void FileTracer::OnSystemCall(pid_t pid, Tracee& tracee) {
  __ptrace_syscall_info info{};
  if (!tracee.has_executed || ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0) {
    return;
  }
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    tracee.call = nullptr;
    Enter(pid, tracee, info.entry.nr, info.entry.args);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && tracee.call != nullptr) {
    Leave(tracee, info.exit.is_error != 0 ? static_cast<int>(-info.exit.rval) : 0);
    tracee.call = nullptr;
  }
}

void FileTracer::Enter(pid_t pid, Tracee& tracee, uint64_t number,
                       const uint64_t* arguments) const {
  const PathCall* call = FindPathCall(number);
  if (call == nullptr) {
    return;
  }
  if (call->kind == Kind::kConnect) {
    tracee.path = AddressText(
        ReadMemory(pid, arguments[1], std::min<uint64_t>(arguments[2], sizeof(sockaddr_storage))));
  } else {
    const int folder = call->folder < 0 ? AT_FDCWD : static_cast<int>(arguments[call->folder]);
    tracee.path = WholePath(pid, ReadText(pid, arguments[call->path]), folder);
    while (tracee.path.size() > 1 && tracee.path.ends_with('/')) {  // busybox: mkdir("/data/")
      tracee.path.pop_back();
    }
  }
  tracee.flags = 0;
  if (call->kind == Kind::kOpen) {
    tracee.flags = arguments[call->flags];
  } else if (call->kind == Kind::kOpenHow) {
    const std::string how = ReadMemory(pid, arguments[call->flags], sizeof tracee.flags);
    std::memcpy(&tracee.flags, how.data(), how.size());
  }
  tracee.call = tracee.path.empty() ? nullptr : call;
}

void FileTracer::Leave(const Tracee& tracee, int error) {
  const Kind kind = tracee.call->kind;
  const std::string& path = tracee.path;
  ++now_;
  if (kind == Kind::kConnect && !path.starts_with('/')) {
    if (error != 0) {  // what it reached was its own
      reached_.insert(path);
    }
    return;
  }
  const bool makes = kind == Kind::kMakeFile || kind == Kind::kMakeFolder ||
                     (tracee.flags & (O_CREAT | O_WRONLY | O_RDWR)) != 0;
  const bool creates =
      kind == Kind::kMakeFile || kind == Kind::kMakeFolder || (tracee.flags & O_CREAT) != 0;
  if (error == 0) {
    Found(path);
  } else if ((error == ENOENT || error == ENOTDIR) && !creates) {
    if (by_path_.try_emplace(path, misses_.size()).second) {
      misses_.push_back({path, now_});
    }
  } else if (error == EROFS || error == ENOENT || error == EACCES || (error == EPERM && makes)) {
    refused_.insert(kind == Kind::kMakeFolder ? path + "/" : path);
  }
}

void FileTracer::Found(const std::string& path) {
  const std::string stem = Stem(path);
  for (auto miss = misses_.rbegin(); miss != misses_.rend() && miss->when + kSearchLength > now_;
       ++miss) {
    miss->found_elsewhere = miss->found_elsewhere || Stem(miss->path) == stem;
  }
  if (const auto miss = by_path_.find(path); miss != by_path_.end()) {
    misses_[miss->second].found_elsewhere = true;  // it was made in the end
  }
  refused_.erase(path);
  refused_.erase(path + "/");
}

FileFindings FileTracer::Findings() const {
  FileFindings out{{}, refused_, reached_};
  for (const Miss& miss : misses_) {
    if (!miss.found_elsewhere) {
      out.missing.push_back(miss.path);
    }
  }
  return out;
}

}  // namespace builder
