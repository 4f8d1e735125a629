#include "pusher/session/release_to_send.h"

#include "base/error.h"
#include "base/file.h"
#include "images/release/judge.h"

namespace pusher {
namespace {

using images::kUntrusted;

}  // namespace

images::Release CheckedRelease(const images::ImageDirectory& image, const std::string& text) {
  const std::string path = image.path() + "/" + images::kReleaseFile;
  images::Release out = images::Release::Parse(text, path);
  const std::string& name = image.manifest().name;
  images::CheckBelongs(out.statement, name, image.stored().digest, path);
  const std::string provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  if (base::Sha256Of(provenance) != out.statement.provenance_sha256) {
    base::Fail(kUntrusted, "{} was signed with another provenance: imgbuild sign --renew {}",
               images::SubjectOf(name, image.stored().digest), name);
  }
  return out;
}

std::string ReleaseToSend(const images::ImageDirectory& image, const std::optional<Demand>& demand,
                          const std::string& host, const base::Io& io) {
  const std::string& name = image.manifest().name;
  const std::string subject = images::SubjectOf(name, image.stored().digest);
  try {
    std::string text = images::ReadReleaseText(image.path()).value_or("");
    if (text.empty()) {
      if (demand) {
        throw images::NotSigned(subject, name, demand->channels.front());
      }
      return "";
    }
    const images::Release release = CheckedRelease(image, text);
    if (demand) {
      images::CheckChannel(release.statement, {demand->channels, demand->threshold}, subject);
      if (release.signatures.size() < demand->threshold) {
        base::Fail(kUntrusted, "{} has {} of {} signatures: imgbuild sign {}", subject,
                   release.signatures.size(), demand->threshold, name);
      }
    }
    return text;
  } catch (const base::Error& error) {
    if (demand) {
      throw;
    }
    io.Err("imgpush: {}: pushed without a release: {}\n", host, error.what());
    return "";
  }
}

}  // namespace pusher
