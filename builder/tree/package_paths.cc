#include "builder/tree/package_paths.h"

#include "base/file.h"

namespace builder {
namespace {

void AddWithUnmerged(const std::string& path, std::vector<std::string>& out) {
  out.push_back(path);
  for (const char* folder : {"/usr/lib", "/usr/bin/", "/usr/sbin/"}) {
    if (path.starts_with(folder)) {
      out.push_back(path.substr(4));
    }
  }
}

}  // namespace

std::vector<std::string> PathsInPackages(const std::string& path) {
  std::vector<std::string> out;
  AddWithUnmerged(path, out);
  const std::string folder = base::ParentOf(path);
  if (path.ends_with(".pyc") && base::BaseName(folder) == "__pycache__") {
    const std::string name = base::BaseName(path);  // "os.cpython-311.pyc"
    AddWithUnmerged(base::ParentOf(folder) + "/" + name.substr(0, name.find('.')) + ".py", out);
  }
  return out;
}

}  // namespace builder
