#include "activator/trust/host_trust.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "activator/state/held_versions.h"
#include "base/error.h"
#include "base/file.h"
#include "images/release/judge.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

// "trust" was a possible name of an application once.
bool HoldsVersions(const std::string& directory) {
  const std::optional<struct stat> found = base::LstatIfThere(directory);
  if (!found || !S_ISDIR(found->st_mode)) {
    return false;
  }
  const std::vector<std::string> names = base::ListDirectory(directory);
  return std::ranges::any_of(
      names, [](const std::string& name) { return images::IdIfOne(name).has_value(); });
}

}  // namespace

void CheckIsNoApplication(const images::HostLayout& layout) {
  const std::string directory = layout.Trust();
  if (!base::LstatIfThere(directory + "/" + images::kPolicyFile) && HoldsVersions(directory)) {
    base::Fail(images::kUntrusted,
               "{} has versions of an application, but that name is for whose images this host "
               "takes: build the application by another name, and remove the directory",
               directory);
  }
}

std::optional<HostTrust> LoadTrust(const images::HostLayout& layout) {
  if (!base::LstatIfThere(layout.Trust())) {
    return std::nullopt;
  }
  CheckIsNoApplication(layout);
  images::Trust trust =
      images::Trust::Parse(images::ReadTrustTexts(layout.Trust()), layout.Trust());
  return HostTrust{std::move(trust), ReadAccepted(layout)};
}

std::vector<std::string> HeldReleases::Check(const std::string& name,
                                             const base::Sha256& manifest_sha256) {
  if (!trust_) {
    trust_ = LoadTrust(layout_);
  }
  return *trust_ ? CheckBy(**trust_, name, manifest_sha256) : std::vector<std::string>();
}

std::vector<std::string> HeldReleases::CheckBy(const HostTrust& trust, const std::string& name,
                                               const base::Sha256& manifest_sha256) const {
  const std::string subject = images::SubjectOf(name, manifest_sha256);
  const std::string version = layout_.Version(name, images::ImageId::Of(manifest_sha256));
  const std::optional<std::string> text = images::ReadReleaseText(version);
  if (!text) {
    throw images::NotSigned(subject, name, trust.policy.channels.front());
  }
  const std::string path = version + "/" + images::kReleaseFile;
  const images::Release release = images::Release::Parse(*text, path);
  const AcceptedVersion* const accepted = trust.accepted.Find(name, manifest_sha256);
  images::SshKeygenVerifier verifier(trust.texts);
  std::vector<std::string> signers = images::CheckSigners(
      release, trust, verifier, accepted == nullptr ? clock_.Now() : accepted->accepted, subject);
  images::CheckBelongs(release.statement, name, manifest_sha256, path);
  images::CheckChannel(release.statement, trust.policy, subject);
  if (trust.policy.requires_verity) {
    const images::ImageDirectory held(version);
    images::CheckVerity(held.manifest().image.verity_root.has_value(), trust.policy, subject);
  }
  if (ProvenanceDigestOf(version) != release.statement.provenance_sha256) {
    base::Fail(images::kUntrusted, "{}/{} is not what {} was signed with: push it again", version,
               images::kProvenanceFile, subject);
  }
  return signers;
}

}  // namespace activator
