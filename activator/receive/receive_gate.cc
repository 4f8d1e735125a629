// What a session allows whoever comes by a gate, and its second half, where it has two: a process
// that is shut in talks to the sender and writes to incoming/, and hands over what it verified;
// this one believes nothing of that.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "activator/gate/permission.h"
#include "activator/receive/receive_session.h"
#include "activator/state/held_versions.h"
#include "base/error.h"
#include "base/file.h"
#include "images/release/release.h"

namespace activator {
namespace {

constexpr std::array kFilesOfVersion = {images::kImageFile, images::kManifestFile,
                                        images::kIndexFile, images::kProvenanceFile, "lock"};

// What else stands there is not the version's, and would be published with it.
void RemoveOthers(const std::string& path) {
  for (const std::string& name : base::ListDirectory(path)) {
    if (std::ranges::find(kFilesOfVersion, name) == kFilesOfVersion.end()) {
      base::RemoveTree(path + "/" + name);
    }
  }
}

// Those that a push makes, whatever the process before made of them.
void SetModes(const std::string& path) {
  const base::UniqueFd folder = base::Open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const base::UniqueFd image = base::OpenOwn(path + "/" + images::kImageFile, O_RDONLY);
  if (::fchmod(folder.get(), 0755) != 0 || ::fchmod(image.get(), 0644) != 0) {
    base::FailErrno(errno, "cannot set the modes in {}", path);
  }
}

}  // namespace

void ReceiveSession::CheckMaySend(const std::string& name) const {
  if (options_.gate) {
    RequireVerb(*options_.gate, Verb::kPush);
    RequireApplication(*options_.gate, name);
  }
}

void ReceiveSession::CheckOffer(const OfferedVersion& offered) const {
  CheckMaySend(offered.name);
  if (steps_.check_offer) {
    steps_.check_offer(offered);
  }
}

void ReceiveSession::CheckLimits(const images::Manifest& manifest) const {
  if (options_.gate) {
    RequireLimits(*options_.gate, manifest);
  }
}

// Where nothing was signed, any will do; what cannot be read is sent again.
bool ReceiveSession::HasSignedProvenance(const std::string& name, const std::string& path) const {
  if (acceptance_->ReleaseOf(name).empty()) {
    return true;
  }
  const std::optional<base::Sha256> there = ProvenanceDigestOf(path);
  return there && acceptance_->IsProvenance(name, *there);
}

void ReceiveSession::HandOver() {
  std::vector<HandedOver> versions;
  for (const auto& [name, digest] : changes_) {
    const bool is_new = std::ranges::any_of(assemblies_, [&, &digest = digest](const auto& one) {
      return one->stored().digest == digest;
    });
    versions.push_back({name, digest, labels_.at(name), !is_new});
  }
  assemblies_.clear();  // with their locks
  steps_.hand_over(versions);
}

void ReceiveSession::PublishFor(HostView host, const std::vector<HandedOver>& versions) {
  Take(std::move(host));
  for (const HandedOver& version : versions) {
    CheckMaySend(version.name);
    if (!acceptance_->HasTaken(version.name, version.manifest_sha256) ||
        !changes_.emplace(version.name, version.manifest_sha256).second) {
      base::Fail(base::ExitCode::kVerification, "the release of {} was not checked", version.name);
    }
    labels_[version.name] = version.label;
    version.held ? TakeHeld(version) : TakeIncoming(version);
    alive_.Touch();
  }
  acceptance_->KeepOnly(changes_);
  const base::FileLock lock = LockHost();
  CheckStillGranted();
  PublishAndStage();
}

// Root may have taken the grant or the trust away since the login.
void ReceiveSession::CheckStillGranted() const {
  const GateOperator now = LoadOperator(layout_, options_.gate->name);
  RequireVerb(now, Verb::kPush);
  for (const auto& [name, digest] : changes_) {
    RequireApplication(now, name);
    const auto one = std::ranges::find_if(assemblies_, [&, &digest = digest](const auto& assembly) {
      return assembly->stored().digest == digest;
    });
    RequireLimits(now,
                  one != assemblies_.end()
                      ? (*one)->stored().manifest
                      : images::ImageDirectory(layout_.Version(name, images::ImageId::Of(digest)))
                            .manifest());
  }
}

void ReceiveSession::TakeHeld(const HandedOver& version) {
  const std::string path =
      layout_.Version(version.name, images::ImageId::Of(version.manifest_sha256));
  const std::optional<images::ImageDirectory> image = OpenIfComplete(path);
  if (!image || !IsIntact(path, version.manifest_sha256, false) ||
      !HasSignedProvenance(version.name, path)) {
    base::Fail(base::ExitCode::kVerification, "{} is damaged; push again", path);
  }
  CheckLimits(image->manifest());
  CheckVerity(image->stored());
}

void ReceiveSession::TakeIncoming(const HandedOver& version) {
  const std::string path = layout_.Incoming(images::ImageId::Of(version.manifest_sha256));
  images::StoredManifest manifest = images::StoredManifest::Parse(
      base::ReadFile(path + "/" + images::kManifestFile, pusher::kMaxManifestBytes),
      "the manifest that was sent");
  if (manifest.digest != version.manifest_sha256 || manifest.manifest.name != version.name) {
    base::Fail(base::ExitCode::kVerification, "{} holds another manifest than was signed", path);
  }
  CheckLimits(manifest.manifest);
  CheckVerity(manifest);
  const std::string index = base::ReadFile(path + "/" + images::kIndexFile, pusher::kMaxIndexBytes);
  const std::string provenance =
      base::ReadFileIfThere(path + "/" + images::kProvenanceFile, pusher::kMaxProvenanceBytes)
          .value_or("");
  if (!acceptance_->IsProvenance(version.name, base::Sha256Of(provenance))) {
    base::Fail(base::ExitCode::kVerification, "{} holds another provenance than was signed", path);
  }
  SetModes(path);
  Assembly& assembly = *assemblies_.emplace_back(std::make_unique<Assembly>(
      layout_, std::move(manifest), index, options_.by, options_.lock_wait));
  RemoveOthers(path);
  assembly.TakeWhole();
  assembly.WriteMetadata(index, provenance, acceptance_->ReleaseOf(version.name));
  assembly.Verify();
  added_bytes_ += assembly.added_bytes();
}

}  // namespace activator
