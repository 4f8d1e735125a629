#include "images/release/ssh_signature.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/printable.h"
#include "images/release/base64.h"

namespace images {
namespace {

constexpr size_t kLineDigits = 70;  // of ssh-keygen's armor
constexpr std::string_view kMagicAndVersion("SSHSIG\0\0\0\1", 10);

std::string ArmorOf(std::string_view bytes) {
  const std::string digits = ToBase64(bytes);
  std::string out(kSignatureBegin);
  for (size_t at = 0; at < digits.size(); at += kLineDigits) {
    out += digits.substr(at, kLineDigits) + "\n";
  }
  return out.append(kSignatureEnd);
}

std::optional<std::string> BytesOf(std::string_view block) {
  if (!block.starts_with(kSignatureBegin) || !block.ends_with(kSignatureEnd) ||
      block.size() < kSignatureBegin.size() + kSignatureEnd.size()) {
    return std::nullopt;
  }
  std::string digits(block.substr(kSignatureBegin.size(),
                                  block.size() - kSignatureBegin.size() - kSignatureEnd.size()));
  std::erase(digits, '\n');
  const std::optional<std::string> bytes = FromBase64(digits);
  return bytes && ArmorOf(*bytes) == block ? bytes : std::nullopt;
}

}  // namespace

SshSignature SshSignature::Parse(std::string_view block, std::string_view name_space,
                                 const std::string& where) {
  const auto fail = [&](const std::string& why) {
    base::Fail(base::ExitCode::kVerification, "{}: {}", where, why);
  };
  const std::optional<std::string> bytes = BytesOf(block);
  if (!bytes || !bytes->starts_with(kMagicAndVersion)) {
    fail("this is no signature of ssh-keygen");
  }
  SshFields in(std::string_view(*bytes).substr(kMagicAndVersion.size()));
  const std::optional<SigningKey> key = ReadSigningKey(in.Next().value_or(""));
  const std::optional<std::string> found_space = in.Next();
  const std::optional<std::string> reserved = in.Next();
  const std::optional<std::string> hash = in.Next();
  const std::optional<std::string> signature = in.Next();
  if (!key || !signature || !in.AtEnd() || !reserved->empty() ||
      (*hash != "sha512" && *hash != "sha256")) {
    fail("this is no signature of a key that ssh-keygen verifies");
  }
  if (*found_space != name_space) {
    fail(fmt::format("the signature is for {}, not for {}", base::Printable(*found_space, 64),
                     name_space));
  }
  return {std::string(block), *key, FingerprintOf(key->blob), *found_space};
}

}  // namespace images
