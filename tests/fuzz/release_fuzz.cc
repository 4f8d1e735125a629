// Any text is a release, or refused: one that is taken is written again with the same bytes. The
// bytes are tried as what a signature holds, too, since hardly any change of the armored text is
// right.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "images/release/base64.h"
#include "images/release/release.h"

namespace {

constexpr size_t kLineDigits = 70;

std::string Armored(const std::string& bytes) {
  const std::string digits = images::ToBase64(bytes);
  std::string out(images::kSignatureBegin);
  for (size_t at = 0; at < digits.size(); at += kLineDigits) {
    out += digits.substr(at, kLineDigits) + "\n";
  }
  return out.append(images::kSignatureEnd);
}

void CheckSignature(const images::SshSignature& signature) {
  if (images::TypeOfKey(signature.key.blob) != signature.key.type ||
      (!signature.key.authority.empty() && !images::TypeOfKey(signature.key.authority))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  try {
    const auto release = images::Release::Parse(text, "release");
    if (release.Serialize() != text) {
      std::abort();
    }
    for (const images::SshSignature& signature : release.signatures) {
      CheckSignature(signature);
    }
  } catch (const base::Error&) {
  }
  try {
    const std::string block = Armored(text);
    const auto signature =
        images::SshSignature::Parse(block, images::kReleaseNamespace, "a signature");
    if (signature.block != block) {
      std::abort();
    }
    CheckSignature(signature);
  } catch (const base::Error&) {
  }
  return 0;
}
