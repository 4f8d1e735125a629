#include "units/host_paths.h"

#include <algorithm>

#include "units/escape.h"
#include "units/unit_paths.h"

namespace units {

std::vector<std::string> HostPathsOf(const std::string& name, const images::Service& service) {
  std::vector<std::string> out;
  for (const images::Bind& bind : service.binds) {
    out.push_back(ListedPath(bind.host));
  }
  if (service.environment_file) {
    out.push_back(ListedPath(*service.environment_file));
  }
  for (const auto& [credential, file] : service.credentials) {
    out.push_back(ListedPath(file));
  }
  for (const PathNeed& need : PathNeedsOf(name, service)) {
    // One that may be missing is not waited for; a line of [Unit] says itself what it means.
    if (!need.host.empty() && !need.optional && !need.option.starts_with("Assert")) {
      out.push_back(ListedPath(need.host));
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace units
