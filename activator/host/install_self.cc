#include "activator/host/install_self.h"

#include <cctype>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/version.h"

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

bool IsSameFile(const std::string& one, const std::string& other) {
  const std::optional<struct stat> a = base::StatIfThere(one);
  const std::optional<struct stat> b = base::StatIfThere(other);
  return a && b && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

}  // namespace

bool IsNewerVersion(const std::string& one, const std::string& other) {
  return ::strverscmp(one.c_str(), other.c_str()) > 0;
}

std::string ProgramVersion(const std::string& program) {
  if (!base::Exists(program)) {
    return "";
  }
  try {
    const std::string file = base::RealPath(program);  // a push names it by its digest
    const std::optional<base::Sha256> digest =
        base::Sha256::FromHex(file.substr(file.rfind('-') + 1));
    if (digest && base::Sha256OfFile(file) != *digest) {
      return "";
    }
    const base::ProcessResult said = base::Run(
        {program, "--version"},
        {.environment = {}, .timeout = std::chrono::seconds(10), .input = "", .log_name = ""});
    const std::string line = said.out.substr(0, said.out.find('\n'));
    const std::string version = line.substr(line.rfind(' ') + 1);
    return said.ok() && std::isdigit(static_cast<unsigned char>(version[0])) != 0 ? version : "";
  } catch (const base::Error&) {
    return "";
  }
}

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

void LinkAgent(const images::HostLayout& layout, const std::string& agent,
               const std::string& version) {
  const std::string link = layout.Bin() + "/activate";
  const std::string directory = base::ParentOf(agent);
  const bool in_root = directory == base::RealPath(layout.Bin());
  if (!in_root) {  // other roots may use it too: prune asks all their links
    const std::string root = base::Sha256Of(base::AsBytes(layout.root())).ToHex().substr(0, 16);
    try {
      base::ReplaceSymlink(link, directory + "/" + images::kRootLinkPrefix + root);
    } catch (const base::Error&) {  // a read-only directory, where nothing is pruned either
    }
  }
  if (!IsSameFile(link, agent) && !IsNewerVersion(ProgramVersion(link), version)) {
    base::ReplaceSymlink(in_root ? base::BaseName(agent) : agent, link);
  }
}

void LinkThisAgent(const images::HostLayout& layout) {
  // Another push may have put the same agent there again meanwhile: the kernel says so.
  constexpr std::string_view kDeleted = " (deleted)";
  std::string agent = base::ReadLinkIfThere("/proc/self/exe").value_or("");
  if (agent.ends_with(kDeleted)) {
    agent.resize(agent.size() - kDeleted.size());
  }
  LinkAgent(layout, agent, base::kVersion);
}

}  // namespace activator
