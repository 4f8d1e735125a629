#include "activator/os/images_in_use.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "activator/os/loop_device.h"
#include "activator/os/processes.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

constexpr std::string_view kErofs = " - erofs ";

void Add(const std::string& path, std::set<FileId>& out) {
  try {
    if (const std::optional<struct stat> found = base::StatIfThere(path)) {
      out.emplace(found->st_dev, found->st_ino);
    }
  } catch (const base::Error&) {  // on a file system that is not ours to look at
  }
}

// A kernel and a systemd that mount the file itself, without a loop device, name it as the source:
// what follows the type in a line of mountinfo.
void AddMounted(const std::string& mountinfo, std::set<FileId>& out) {
  for (size_t at = mountinfo.find(kErofs); at != std::string::npos;
       at = mountinfo.find(kErofs, at)) {
    at += kErofs.size();
    const std::string source = mountinfo.substr(at, mountinfo.find_first_of(" \n", at) - at);
    if (source.starts_with('/') && !source.starts_with("/dev/")) {
      Add(source, out);
    }
  }
}

void AddMountedAnywhere(std::set<FileId>& out) {
  std::set<std::string> namespaces;
  for (const std::string& id : ProcessIds()) {
    try {
      const std::string process = "/proc/" + id;
      const auto space = base::ReadLinkIfThere(process + "/ns/mnt");
      if (space && namespaces.insert(*space).second) {
        AddMounted(base::ReadFileIfThere(process + "/mountinfo").value_or(""), out);
      }
    } catch (const base::Error&) {  // it ended while we looked
    }
  }
}

}  // namespace

std::set<FileId> ImagesInUse(Systemd* systemd) {
  std::set<FileId> out;
  if (systemd == nullptr) {
    return out;
  }
  for (const std::string& path : LoopBackingFiles()) {
    Add(path, out);
  }
  AddMountedAnywhere(out);
  for (const std::string& path : systemd->RootImages()) {
    Add(path, out);
  }
  return out;
}

}  // namespace activator
