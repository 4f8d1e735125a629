#include "builder/tree/sysroot.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/file.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

constexpr int kMaxFollowed = 40;  // as the kernel's

}  // namespace

std::optional<std::string> Sysroot::Resolve(const std::string& path, Links* links) const {
  std::vector<std::string> rest = PathComponents(path);
  std::reverse(rest.begin(), rest.end());
  Links walked;
  std::string at;
  int followed = 0;
  while (!rest.empty()) {
    const std::string name = std::exchange(rest.back(), "");
    rest.pop_back();
    if (name == ".") {
      continue;
    }
    if (name == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = at + "/" + name;
    const auto found = base::LstatIfThere(OnDisk(next));
    if (!found) {
      return std::nullopt;
    }
    if (!S_ISLNK(found->st_mode)) {
      at = next;
      continue;
    }
    const std::string target = base::ReadLinkIfThere(OnDisk(next)).value_or("");
    const std::vector<std::string> names = PathComponents(target);
    rest.insert(rest.end(), names.rbegin(), names.rend());
    at = target.starts_with('/') ? "" : at;
    walked.emplace(next, target);
    if (++followed > kMaxFollowed) {
      return std::nullopt;
    }
  }
  if (links != nullptr) {
    links->merge(walked);
  }
  return at.empty() ? "/" : at;
}

}  // namespace builder
