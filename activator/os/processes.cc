#include "activator/os/processes.h"

#include <algorithm>
#include <cctype>

#include "base/file.h"

namespace activator {

std::vector<std::string> ProcessIds() {
  std::vector<std::string> out = base::ListDirectory("/proc");
  std::erase_if(out, [](const std::string& name) {
    return !std::all_of(name.begin(), name.end(),
                        [](unsigned char c) { return std::isdigit(c) != 0; });
  });
  return out;
}

}  // namespace activator
