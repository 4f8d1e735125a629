#include "builder/inspect/image_release.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "images/release/signature_verifier.h"

namespace builder {

std::optional<images::Release> ReadReleaseOf(const images::ImageDirectory& image) {
  const std::optional<std::string> text = images::ReadReleaseText(image.path());
  if (!text) {
    return std::nullopt;
  }
  const std::string path = image.path() + "/" + images::kReleaseFile;
  images::Release out = images::Release::Parse(*text, path);
  images::CheckBelongs(out.statement, image.manifest().name, image.stored().digest, path);
  const std::string provenance = base::ReadFileIfThere(image.provenance_path()).value_or("");
  if (base::Sha256Of(provenance) != out.statement.provenance_sha256) {
    base::Fail(images::kUntrusted,
               "{} was signed with another provenance: imgbuild sign --renew {}", path,
               image.manifest().name);
  }
  return out;
}

ReleaseOrProblem TryReleaseOf(const images::ImageDirectory& image) {
  try {
    return {ReadReleaseOf(image), ""};
  } catch (const base::Error& error) {
    return {std::nullopt, base::Printable(error.what())};
  }
}

std::optional<images::Release> VerifyReleaseOf(const images::ImageDirectory& image) {
  std::optional<images::Release> out = ReadReleaseOf(image);
  if (out) {
    for (const images::SshSignature& signature : out->signatures) {
      if (!images::IsSignatureOf(signature, out->line)) {
        base::Fail(images::kUntrusted, "{}/{}: the signature of {} is wrong", image.path(),
                   images::kReleaseFile, signature.fingerprint);
      }
    }
  }
  return out;
}

std::string ReleaseText(const std::optional<images::Release>& release) {
  if (!release) {
    return "none: it is not signed";
  }
  std::string signers;
  for (const images::SshSignature& signature : release->signatures) {
    signers += fmt::format("{}{} ({})", signers.empty() ? "" : ", ", signature.fingerprint,
                           signature.key.type);
  }
  return fmt::format("{}, {}, signed by {}", release->statement.channel,
                     base::ToIso8601(release->statement.released), signers);
}

}  // namespace builder
