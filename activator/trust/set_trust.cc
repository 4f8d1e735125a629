#include "activator/trust/set_trust.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "activator/trust/accepted.h"
#include "activator/trust/host_trust.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "images/release/release.h"
#include "images/release/signature_verifier.h"

namespace activator {
namespace {

void MakeTrust(const images::HostLayout& layout, const images::TrustTexts& texts) {
  base::TemporaryDirectory folder(layout.root(), std::string(base::kTemporaryPrefix));
  if (::chmod(folder.path().c_str(), 0755) != 0) {
    base::FailErrno(errno, "cannot set the mode of {}", folder.path());
  }
  for (const char* file : images::kTrustFiles) {
    base::WriteFileAtomically(folder.path() + "/" + file, texts.Of(file));
  }
  base::WriteFileAtomically(folder.path() + "/" + base::BaseName(AcceptedFile(layout)),
                            Accepted().Serialize());
  base::PublishDirectory(folder.path(), layout.Trust());
  folder.Release();
}

// A key that was thrown away, a signature by it, and what says until when it counts.
constexpr const char* kProbeName = "probe";
constexpr const char* kProbeLine = "slipway\n";
constexpr const char* kProbeSigners =
    "probe valid-before=\"20200101\" ecdsa-sha2-nistp256 "
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBKqBagjZf9YXq4AAdsfoJzkLaSTKLv50eXJxOd4q"
    "wPVbuk1fQ8diULKzKlQsHKrnt64DuAox1DjGIexfAor8Tpk=\n";
constexpr const char* kProbeBlock =
    "-----BEGIN SSH SIGNATURE-----\n"
    "U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE\n"
    "EEqoFqCNl/1hergAB2x+gnOQtpJMou/nR5cnE53irA9Vu6TV9Dx2JQsrMqVCwcque3rgO4\n"
    "CjHUOMYh7F8CivxOmQAAAA9zbGlwd2F5LXJlbGVhc2UAAAAAAAAABnNoYTUxMgAAAGQAAA\n"
    "ATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAEkAAAAgQu/r8Gapd5lNfu5rkheA0AxJtoUdyzWM\n"
    "Za6lU+VUh4oAAAAhAMTXi92AnOUi+Bs9xYl5KRQC+aHHggNziWPKHOe/H2d3\n"
    "-----END SSH SIGNATURE-----\n";

}  // namespace

void CheckSshKeygen() {
  const auto while_valid = std::chrono::sys_days(std::chrono::year(2019) / 1 / 1);
  const auto later = std::chrono::sys_days(std::chrono::year(2021) / 1 / 1);
  const auto signature =
      images::SshSignature::Parse(kProbeBlock, images::kReleaseNamespace, "the probe");
  images::SshKeygenVerifier verifier({kProbeSigners, "", ""});
  if (verifier.FindPrincipals(signature, while_valid) != std::vector<std::string>{kProbeName} ||
      !verifier.Verify(signature, kProbeLine, kProbeName, while_valid,
                       images::Revocation::kChecked) ||
      !verifier.FindPrincipals(signature, later).empty()) {
    base::Fail(base::ExitCode::kFailed,
               "ssh-keygen here does not check signatures as it should, so nothing would be taken: "
               "install OpenSSH 8.9 or later");
  }
}

void SetTrust(const images::HostLayout& layout, const images::TrustTexts& texts) {
  images::Trust::Parse(texts, layout.Trust());
  CheckIsNoApplication(layout);
  if (!base::LstatIfThere(layout.Trust())) {
    MakeTrust(layout, texts);
  } else {
    const bool anew = IsAcceptedLost(layout);
    // It is written last: until then nothing is taken, whatever the others say.
    if (base::UnlinkIfThere(layout.Trust() + "/" + images::kPolicyFile)) {
      base::FsyncDirectory(layout.Trust());
    }
    if (anew) {
      base::WriteFileAtomically(AcceptedFile(layout), Accepted().Serialize());
    }
    for (const char* file : images::kTrustFiles) {
      base::WriteFileAtomically(layout.Trust() + "/" + file, texts.Of(file));
    }
  }
  LoadTrust(layout);
}

}  // namespace activator
