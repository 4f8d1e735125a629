#include "activator/host/install_self.h"

#include <string>
#include <vector>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/file.h"

namespace activator {
namespace {

void CopyExecutable(const std::string& from, const std::string& to) {
  const base::UniqueFd in = base::OpenForReading(from);
  base::AtomicFile out(to, 0755);
  for (uint64_t offset = 0;;) {
    const std::vector<uint8_t> part = base::PRead(in.get(), offset, size_t{1} << 20, from);
    if (part.empty()) {
      break;
    }
    base::WriteAll(out.fd(), part, out.temporary_path());
    offset += part.size();
  }
  out.Commit();
}

}  // namespace

void InstallSelf(const images::HostLayout& layout) {
  const std::string link = layout.Bin() + "/activate";
  if (base::Exists(link)) {
    return;
  }
  const std::string self = base::RealPath("/proc/self/exe");
  const std::string name = "activate-" + base::Sha256OfFile(self).ToHex().substr(0, 16);
  if (!base::Exists(layout.Bin() + "/" + name)) {
    CopyExecutable(self, layout.Bin() + "/" + name);
  }
  base::ReplaceSymlink(name, link);
}

}  // namespace activator
