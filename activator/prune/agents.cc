#include "activator/prune/agents.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "activator/prune/age.h"
#include "base/digest.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr time_t kUnusedAgent = 30 * kDay;
constexpr std::string_view kAgentPrefix = "activate-";

bool IsAgent(const std::string& name) {
  return name.starts_with(kAgentPrefix) &&
         base::Sha256::FromHex(std::string_view(name).substr(kAgentPrefix.size()));
}

// What the roots that use the directory link to; a root that is gone uses nothing.
std::set<std::string> LinkedFrom(const std::string& directory) {
  std::set<std::string> out;
  for (const std::string& name : base::ListDirectory(directory)) {
    const std::string path = directory + "/" + name;
    if (name.starts_with(images::kRootLinkPrefix) && base::Exists(path)) {
      out.insert(base::RealPath(path));
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
    linked.insert(own);
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
