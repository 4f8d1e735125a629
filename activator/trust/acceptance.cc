#include "activator/trust/acceptance.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"
#include "images/release/judge.h"

namespace activator {
namespace {

using images::kUntrusted;

constexpr std::chrono::minutes kClocksDiffer(10);  // at most

}  // namespace

Acceptance::Acceptance(const images::HostLayout& layout, OlderReleases older, base::Clock& clock,
                       CheckElsewhere elsewhere)
    : layout_(layout),
      older_(older),
      clock_(clock),
      elsewhere_(std::move(elsewhere)),
      trust_(LoadTrust(layout)) {
  if (trust_) {
    policy_ = trust_->policy;
  }
}

void Acceptance::Check(const std::string& name, const base::Sha256& manifest_sha256,
                       const std::string& text) {
  Taken taken{manifest_sha256, text};
  const std::string subject = images::SubjectOf(name, manifest_sha256);
  if (text.empty() && trust_) {
    throw images::NotSigned(subject, name, trust_->policy.channels.front());
  }
  if (!text.empty()) {
    taken.release = images::Release::Parse(text, "the release of " + subject);
    CheckSignatures(name, taken);
    images::CheckBelongs(taken.release->statement, name, manifest_sha256, "what was sent");
  }
  if (trust_) {
    images::CheckChannel(taken.release->statement, trust_->policy, subject);
    CheckOrder(name, taken.release->statement);
  }
  taken_.insert_or_assign(name, std::move(taken));
}

void Acceptance::CheckSignatures(const std::string& name, Taken& taken) const {
  if (trust_ && elsewhere_) {
    elsewhere_(name, taken.manifest_sha256, taken.text);
  } else if (trust_) {
    images::SshKeygenVerifier verifier(trust_->texts);
    taken.checked = clock_.Now();
    taken.signers = images::CheckSigners(*taken.release, *trust_, verifier, taken.checked,
                                         images::SubjectOf(name, taken.manifest_sha256));
  }
}

std::string Acceptance::CheckOrder(const std::string& name,
                                   const images::Statement& statement) const {
  const std::string subject = images::SubjectOf(name, statement.manifest_sha256);
  const std::string released = base::ToIso8601(statement.released);
  if (const auto now = clock_.Now(); statement.released > now + kClocksDiffer) {
    base::Fail(kUntrusted,
               "{} is of {}, and here it is {}: set the clock of this host or of the signer",
               subject, released, base::ToIso8601(now));
  }
  const auto newest = trust_->accepted.newest.find({name, statement.channel});
  if (newest == trust_->accepted.newest.end() || statement.released >= newest->second) {
    return "";
  }
  std::string older = fmt::format("{} is of {}, this host took one of {}", subject, released,
                                  base::ToIso8601(newest->second));
  if (older_ == OlderReleases::kRefused) {
    base::Fail(kUntrusted,
               "{}: an older release is not taken: sign it anew (imgbuild sign --renew), or "
               "imgpush --older",
               older);
  }
  return older;
}

bool Acceptance::HasTaken(const std::string& name, const base::Sha256& manifest_sha256) const {
  const auto found = taken_.find(name);
  return found != taken_.end() && found->second.manifest_sha256 == manifest_sha256 &&
         found->second.release;
}

void Acceptance::KeepOnly(const std::map<std::string, base::Sha256>& versions) {
  std::erase_if(taken_, [&](const auto& entry) {
    const auto kept = versions.find(entry.first);
    return kept == versions.end() || kept->second != entry.second.manifest_sha256;
  });
}

bool Acceptance::IsProvenance(const std::string& name,
                              const base::Sha256& provenance_sha256) const {
  const auto found = taken_.find(name);
  if (found == taken_.end() || !found->second.release) {
    return !trust_;
  }
  return found->second.release->statement.provenance_sha256 == provenance_sha256;
}

std::string Acceptance::ReleaseOf(const std::string& name) const {
  const auto found = taken_.find(name);
  return found == taken_.end() ? "" : found->second.text;
}

// By whom it is signed was found long ago, perhaps; somebody may have changed whom to trust, or
// pushed a newer release.
void Acceptance::ReadTrustAgain() {
  std::optional<HostTrust> now = LoadTrust(layout_);
  if (now.has_value() != trust_.has_value()) {
    base::Fail(kUntrusted, "{} was {} while this push ran: push again", layout_.Trust(),
               now ? "made" : "removed");
  }
  const bool is_same = !now || now->texts == trust_->texts;
  trust_ = std::move(now);
  if (is_same) {
    return;
  }
  for (auto& [name, taken] : taken_) {
    CheckSignatures(name, taken);
    images::CheckChannel(taken.release->statement, trust_->policy,
                         images::SubjectOf(name, taken.manifest_sha256));
  }
}

std::vector<std::string> Acceptance::Record() {
  ReadTrustAgain();
  if (!trust_) {
    return {};
  }
  std::vector<std::string> out;
  Accepted accepted = trust_->accepted;
  std::map<std::string, base::Sha256> coming;
  for (const auto& [name, taken] : taken_) {
    const images::Statement& statement = taken.release->statement;
    if (std::string older = CheckOrder(name, statement); !older.empty()) {
      out.push_back(std::move(older));
    }
    auto& newest =
        accepted.newest.try_emplace({name, statement.channel}, statement.released).first->second;
    newest = std::max(newest, statement.released);
    accepted.versions[{name, taken.manifest_sha256}] = {statement.channel, statement.released,
                                                        taken.checked, taken.signers};
    coming.emplace(name, taken.manifest_sha256);
  }
  StoreAccepted(layout_, std::move(accepted), coming);
  return out;
}

void Acceptance::WriteReleases() const {
  for (const auto& [name, taken] : taken_) {
    const std::string version = layout_.Version(name, images::ImageId::Of(taken.manifest_sha256));
    if (!taken.text.empty() && images::ReadReleaseText(version) != taken.text) {
      base::WriteFileAtomically(version + "/" + images::kReleaseFile, taken.text);
    }
  }
}

}  // namespace activator
