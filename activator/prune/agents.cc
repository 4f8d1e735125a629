#include "activator/prune/agents.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "activator/prune/age.h"
#include "base/digest.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr time_t kUnusedAgent = 30 * kDay;
constexpr std::array<std::string_view, 2> kAgentPrefixes = {"activate-", "fetch-"};

bool IsAgent(const std::string& name) {
  return std::ranges::any_of(kAgentPrefixes, [&](std::string_view prefix) {
    return name.starts_with(prefix) &&
           base::Sha256::FromHex(std::string_view(name).substr(prefix.size()));
  });
}

// What a root runs: its `activate` and, where it pulls, its `fetch` beside that.
void AddLinked(const std::string& activate, std::set<std::string>& out) {
  for (const std::string& link : {activate, base::ParentOf(activate) + "/fetch"}) {
    if (base::Exists(link)) {
      out.insert(base::RealPath(link));
    }
  }
}

// What the roots that use the directory link to; a root that is gone uses nothing.
std::set<std::string> LinkedFrom(const std::string& directory) {
  std::set<std::string> out;
  for (const std::string& name : base::ListDirectory(directory)) {
    const std::string path = directory + "/" + name;
    if (name.starts_with(images::kRootLinkPrefix)) {
      AddLinked(base::ReadLinkIfThere(path).value_or(path), out);
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> UnusedAgents(const images::HostLayout& layout) {
  const std::string link = layout.Bin() + "/activate";
  std::vector<std::string> out;
  if (!base::ReadLinkIfThere(link) || !base::Exists(link)) {
    return out;
  }
  const std::string own = base::RealPath(link);
  for (const std::string& directory :
       std::set<std::string>{base::RealPath(layout.Bin()), base::ParentOf(own)}) {
    std::set<std::string> linked = LinkedFrom(directory);
    AddLinked(link, linked);
    for (const std::string& name : base::ListDirectory(directory)) {
      const std::string path = directory + "/" + name;
      const std::optional<struct stat> found = base::LstatIfThere(path);
      if (IsAgent(name) && !linked.contains(path) && found && S_ISREG(found->st_mode) &&
          IsOlderThan(found->st_mtim.tv_sec, kUnusedAgent)) {
        out.push_back(path);
      }
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

int SayOwnDigest(const base::Io& io) {
  const std::string self = base::RealPath("/proc/self/exe");
  io.WriteOut(base::Sha256OfFile(self).ToHex() + "\n");
  // Where that is not possible, as on a read-only file system, nothing is pruned either.
  ::utimensat(AT_FDCWD, self.c_str(), nullptr, 0);
  return 0;
}

}  // namespace activator
