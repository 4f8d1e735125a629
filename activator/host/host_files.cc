#include "activator/host/host_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <optional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "units/escape.h"

namespace activator {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 20;
constexpr const char* kPathUnit = "slipway-host-files.path";
constexpr const char* kCopyUnit = "slipway-host-files.service";
constexpr const char* kAgainUnit = "slipway-host-files-again.service";

// Debian, Arch, Alpine, NixOS; Fedora and RHEL; SUSE.
constexpr std::array<const char*, 5> kCertificateFiles = {
    "/ssl/certs/ca-certificates.crt", "/pki/tls/certs/ca-bundle.crt",
    "/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/ssl/ca-bundle.pem", "/ssl/cert.pem"};

// Whoever reads meanwhile sees the old text or the new one: a shorter one is filled up with empty
// lines first.
void WriteInPlace(const std::string& path, const std::string& text) {
  base::UniqueFd file = base::OpenOwn(path, O_WRONLY | O_CREAT, 0644);
  if (::fchmod(file.get(), 0644) != 0) {
    base::FailErrno(errno, "cannot let everybody read {}", path);
  }
  std::string filled = text;
  filled.resize(std::max<size_t>(text.size(), base::FileSize(path)), '\n');
  base::PWriteAll(file.get(), base::AsBytes(filled), 0, path);
  if (::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    base::FailErrno(errno, "cannot shorten {}", path);
  }
  base::Close(std::move(file), path);
}

void Copy(const std::string& from, const std::string& to) {
  const std::optional<std::string> there = base::ReadFileIfThere(to, kMostBytes);
  const std::optional<std::string> text = base::ReadFileIfThere(from, kMostBytes);
  if (!there || (text && *text != *there)) {
    WriteInPlace(to, text.value_or(""));
  }
}

void LinkCertificates(const std::string& etc, const std::string& link) {
  for (const char* file : kCertificateFiles) {
    const std::string path = etc + file;
    if (base::Exists(path)) {
      if (base::ReadLinkIfThere(link) != path) {
        base::ReplaceSymlink(path, link);
      }
      return;
    }
  }
  base::UnlinkIfThere(link);
}

// /etc/resolv.conf is often a link to what does not exist yet.
constexpr const char* kPathText =
    "# Written by Slipway: renews the copies of the host's files that services see.\n"
    "\n"
    "[Unit]\n"
    "Description=Slipway: look for changes of the host's name servers and hosts\n"
    "IgnoreOnIsolate=yes\n"
    "\n"
    "[Path]\n"
    "PathChanged=/etc/resolv.conf\n"
    "PathChanged=/etc/hosts\n"
    "PathChanged=/run/systemd/resolve/stub-resolv.conf\n"
    "PathChanged=/run/systemd/resolve/resolv.conf\n"
    "PathChanged=/run/NetworkManager/resolv.conf\n"
    "PathChanged=/run/NetworkManager/no-stub-resolv.conf\n"
    "PathChanged=/run/resolvconf/resolv.conf\n"
    "PathChanged=/run/connman/resolv.conf\n"
    "PathChanged=/run/netconfig/resolv.conf\n"
    "Unit=slipway-host-files.service\n";

std::string CopyText(const std::string& root, const std::string& unit_lines) {
  return fmt::format(
      "# Written by Slipway: renews the copies of the host's files that services see.\n"
      "\n"
      "[Unit]\n"
      "Description=Slipway: copy the host's name servers and hosts\n"
      "StartLimitIntervalSec=0\n"
      "{}"
      "\n"
      "[Service]\n"
      "Type=oneshot\n"
      "ExecStart={}\n",
      unit_lines, units::ExecLine({root + "/bin/activate", "--root", root, "host-files"}));
}

// systemd does not look for changes while the service that it started for one runs. So it runs
// another one afterwards, when systemd looks again.
std::map<std::string, std::string> Texts(const std::string& root) {
  return {{kPathUnit, kPathText},
          {kCopyUnit, CopyText(root, fmt::format("OnSuccess={}\n", kAgainUnit))},
          {kAgainUnit, CopyText(root, "")}};
}

}  // namespace

void CopyHostFiles(const std::string& etc, const std::string& folder) {
  base::MakeDirectories(folder);
  for (const char* file : {units::kResolvConf, units::kHosts}) {
    Copy(etc + "/" + file, folder + "/" + file);
  }
  LinkCertificates(etc, folder + "/" + units::kCertificates);
}

void FollowHostFiles(const Host& host, const std::string& folder) {
  CopyHostFiles("/etc", folder);
  UnitNames changed;
  for (const auto& [name, text] : Texts(host.layout.root())) {
    const std::string path = host.task_directory + "/" + name;
    if (base::ReadFileIfThere(path) != text) {
      base::WriteFileAtomically(path, text);
      changed.push_back(name);
    }
  }
  if (!host.systemd.InMemory(changed).empty()) {
    host.systemd.DaemonReload();
    host.systemd.Restart({kPathUnit}, Jobs::kAwaitBriefly);
  }
  host.systemd.Start({kPathUnit}, Jobs::kAwaitBriefly);
  CopyHostFiles("/etc", folder);  // what changed before systemd looked
}

}  // namespace activator
