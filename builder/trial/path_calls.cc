#include "builder/trial/path_calls.h"

#include <sys/syscall.h>

#include <algorithm>
#include <vector>

namespace builder {
namespace {

using Kind = PathCall::Kind;

const std::vector<PathCall>& Calls() {
  static const std::vector<PathCall> kCalls = {
#ifdef SYS_open  // x86-64 has both; newer machines only what follows
      {SYS_open, Kind::kOpen, 0, -1, 1},
      {SYS_creat, Kind::kMakeFile, 0},
      {SYS_stat, Kind::kLook, 0},
      {SYS_lstat, Kind::kLook, 0},
      {SYS_access, Kind::kLook, 0},
      {SYS_readlink, Kind::kLook, 0},
      {SYS_mkdir, Kind::kMakeFolder, 0},
      {SYS_rename, Kind::kMakeFile, 1},
      {SYS_link, Kind::kMakeFile, 1},
      {SYS_symlink, Kind::kMakeFile, 1},
      {SYS_mknod, Kind::kMakeFile, 0},
      {SYS_unlink, Kind::kLook, 0},
#endif
      {SYS_openat, Kind::kOpen, 1, 0, 2},
      {SYS_openat2, Kind::kOpenHow, 1, 0, 2},
      {SYS_newfstatat, Kind::kLook, 1, 0},
      {SYS_statx, Kind::kLook, 1, 0},
      {SYS_faccessat, Kind::kLook, 1, 0},
      {SYS_faccessat2, Kind::kLook, 1, 0},
      {SYS_readlinkat, Kind::kLook, 1, 0},
      {SYS_chdir, Kind::kLook, 0},
      {SYS_execve, Kind::kLook, 0},
      {SYS_mkdirat, Kind::kMakeFolder, 1, 0},
      {SYS_renameat, Kind::kMakeFile, 3, 2},
      {SYS_renameat2, Kind::kMakeFile, 3, 2},
      {SYS_linkat, Kind::kMakeFile, 3, 2},
      {SYS_symlinkat, Kind::kMakeFile, 2, 1},
      {SYS_mknodat, Kind::kMakeFile, 1, 0},
      {SYS_unlinkat, Kind::kLook, 1, 0},
      {SYS_truncate, Kind::kMakeFile, 0},
      {SYS_connect, Kind::kConnect, 1},
  };
  return kCalls;
}

}  // namespace

const PathCall* FindPathCall(uint64_t number) {
  const auto& calls = Calls();
  const auto found = std::find_if(calls.begin(), calls.end(),
                                  [&](const PathCall& call) { return call.number == number; });
  return found == calls.end() ? nullptr : &*found;
}

}  // namespace builder
