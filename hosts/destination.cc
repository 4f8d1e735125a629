#include "hosts/destination.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace hosts {
namespace {

constexpr std::string_view kFolderPrefix = "dir:";

}  // namespace

void CheckHost(const std::string& host) {
  const bool folder = host.starts_with(kFolderPrefix);
  const bool plain = std::ranges::none_of(host, [&](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || (c == ' ' && !folder);
  });
  if (host.empty() || host.front() == '-' || !plain || host == kFolderPrefix) {
    base::Fail(
        base::ExitCode::kUsage,
        "'{}' is not a host: use a destination of ssh, such as web1 or root@web1, or dir:PATH",
        base::Printable(host));
  }
}

std::string FolderOf(const std::string& host) {
  return host.starts_with(kFolderPrefix) ? base::AbsolutePath(host.substr(kFolderPrefix.size()))
                                         : "";
}

}  // namespace hosts
