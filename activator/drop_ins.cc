#include "activator/drop_ins.h"

#include <algorithm>

#include "base/file.h"

namespace activator {

std::vector<std::string> DropInsOf(const Host& host, const std::string& unit) {
  const std::string folder = host.unit_directory + "/" + unit + ".d";
  if (!base::LstatIfThere(folder)) {
    return {};
  }
  std::vector<std::string> out;
  for (const std::string& name : base::ListDirectory(folder)) {
    if (name.ends_with(".conf") && !name.starts_with('.')) {
      out.push_back(folder + "/" + name);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace activator
