#include "activator/os/process_root.h"

#include <sys/sysmacros.h>

#include <algorithm>

#include "activator/os/dm_verity.h"
#include "base/error.h"
#include "base/file.h"
#include "images/version/verity_tree.h"

namespace activator {
namespace {

bool SameFile(const std::string& a, const std::string& b) {
  const std::optional<struct stat> one = base::StatIfThere(a);
  const std::optional<struct stat> other = base::StatIfThere(b);
  return one && other && one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

// The source of the mount on "/" as the process sees it: field 10 or so of mountinfo, after " - ".
std::string RootSource(uint64_t pid) {
  const std::string text =
      base::ReadFileIfThere(fmt::format("/proc/{}/mountinfo", pid)).value_or("");
  std::string source;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos || line.find(" / / ") > dash) {
      continue;
    }
    const size_t type_end = line.find(' ', dash + 3);
    source = line.substr(type_end + 1, line.find(' ', type_end + 1) - type_end - 1);
  }
  return source;  // of the last one: it covers those before
}

}  // namespace

// What is mounted is found by its content: systemd shares one device between all units of a root
// hash, and its file may be another version's. Not where that file is gone since: a push that
// repaired a version has replaced a damaged one.
bool IsVerifiedAs(const std::vector<std::string>& files, const std::optional<std::string>& name,
                  const std::string& image_path) {
  if (std::ranges::any_of(files, [&](const auto& file) { return SameFile(file, image_path); })) {
    return true;
  }
  const std::optional<base::Sha256> root =
      images::RootOfTree(base::ParentOf(image_path) + "/" + images::kVerityFile);
  return name && root && *name == VerityDeviceName(*root) && !files.empty() &&
         std::ranges::all_of(files, [](const auto& file) { return base::Exists(file); });
}

bool RunsFromImage(uint64_t pid, const std::string& image_path) {
  try {
    const std::optional<struct stat> root = base::StatIfThere(fmt::format("/proc/{}/root/", pid));
    if (!root) {
      return false;
    }
    const unsigned int major = ::major(root->st_dev);
    const unsigned int minor = ::minor(root->st_dev);
    const std::string device = fmt::format("/sys/dev/block/{}:{}", major, minor);
    if (base::Exists(device + "/dm")) {
      return IsVerifiedAs(BackingFilesBelow(major, minor), VerityDeviceName(major, minor),
                          image_path);
    }
    std::string file = base::ReadFileIfThere(device + "/loop/backing_file").value_or("");
    while (file.ends_with('\n')) {
      file.pop_back();
    }
    // Not on a loop device: a kernel and a systemd that mount the file itself name it as source.
    return SameFile(file.empty() ? RootSource(pid) : file, image_path);
  } catch (const base::Error&) {  // it ended while we looked
    return false;
  }
}

bool RunsProgram(uint64_t pid, const std::string& path) {
  return SameFile(fmt::format("/proc/{}/exe", pid), path);
}

}  // namespace activator
