#include "images/release/public_key.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/digest.h"
#include "base/file.h"
#include "images/release/base64.h"

namespace images {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kEd25519Bytes = 32;
constexpr size_t kLeastRsaBytes = 128;  // 1024 bits, below which ssh-keygen refuses
constexpr size_t kMostRsaBytes = 2048;

// The fields of a key behind its type, as their names in certificates are too.
struct KeyType {
  std::string_view name;
  std::string_view certificate;
  size_t fields;           // behind the type
  std::string_view curve;  // of ECDSA
  size_t point_bytes;
};

constexpr std::array kTypes = {
    KeyType{"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", 1, "", 0},
    KeyType{"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", 2, "", 0},
    KeyType{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", 2, "nistp256", 65},
    KeyType{"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", 2, "nistp384", 97},
    KeyType{"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", 2, "nistp521", 133},
    KeyType{"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", 2, "", 0},
    KeyType{"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3,
            "nistp256", 65}};

std::string WithLength(std::string_view field) {
  const auto size = static_cast<uint32_t>(field.size());
  std::string out;
  for (const int shift : {24, 16, 8, 0}) {
    out += static_cast<char>(size >> shift & 0xff);
  }
  return out.append(field);
}

bool FieldsFit(const KeyType& type, const std::vector<std::string>& fields) {
  if (type.name == "ssh-rsa") {
    const std::string& modulus = fields[1];
    const size_t bytes = modulus.starts_with('\0') ? modulus.size() - 1 : modulus.size();
    return !fields[0].empty() && bytes >= kLeastRsaBytes && bytes <= kMostRsaBytes;
  }
  if (!type.curve.empty()) {
    return fields[0] == type.curve && fields[1].size() == type.point_bytes &&
           fields[1].starts_with('\x04');
  }
  return fields[0].size() == kEd25519Bytes;
}

// The key's fields, in front of what else `in` holds.
std::optional<std::vector<std::string>> ReadFields(const KeyType& type, SshFields& in) {
  std::vector<std::string> out;
  for (size_t i = 0; i < type.fields; ++i) {
    std::optional<std::string> field = in.Next();
    if (!field) {
      return std::nullopt;
    }
    out.push_back(*std::move(field));
  }
  return FieldsFit(type, out) ? std::optional(out) : std::nullopt;
}

std::string KeyOf(const KeyType& type, const std::vector<std::string>& fields) {
  std::string out = WithLength(type.name);
  for (const std::string& field : fields) {
    out += WithLength(field);
  }
  return out;
}

// Behind the key: serial, kind, id, principals, valid after and before, critical options,
// extensions, reserved, the authority's key, its signature.
std::string AuthorityOf(std::string_view certificate, const KeyType& type) {
  constexpr size_t kNumberBytes = 8;
  SshFields in(certificate);
  for (size_t i = 0; i < 2 + type.fields; ++i) {  // the type, a nonce, the key
    if (!in.Next()) {
      return "";
    }
  }
  if (!in.Skip(kNumberBytes + kLengthBytes) || !in.Next() || !in.Next() ||
      !in.Skip(2 * kNumberBytes) || !in.Next() || !in.Next() || !in.Next()) {
    return "";
  }
  const std::string out = in.Next().value_or("");
  return in.Next() && in.AtEnd() ? out : "";
}

}  // namespace

std::optional<std::string> SshFields::Next() {
  if (rest_.size() < kLengthBytes) {
    return std::nullopt;
  }
  uint32_t size = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    size = size << 8 | static_cast<uint8_t>(rest_[i]);
  }
  if (size > rest_.size() - kLengthBytes) {
    return std::nullopt;
  }
  std::string out(rest_.substr(kLengthBytes, size));
  rest_.remove_prefix(kLengthBytes + size);
  return out;
}

bool SshFields::Skip(size_t bytes) {
  if (rest_.size() < bytes) {
    return false;
  }
  rest_.remove_prefix(bytes);
  return true;
}

std::optional<std::string> TypeOfKey(std::string_view blob) {
  SshFields in(blob);
  std::optional<std::string> name = in.Next();
  const auto* type = std::ranges::find(kTypes, name.value_or(""), &KeyType::name);
  if (type == kTypes.end() || !ReadFields(*type, in) || !in.AtEnd()) {
    return std::nullopt;
  }
  return name;
}

std::optional<SigningKey> ReadSigningKey(std::string_view blob) {
  if (const std::optional<std::string> type = TypeOfKey(blob)) {
    return SigningKey{std::string(blob), *type, ""};
  }
  SshFields in(blob);
  const std::optional<std::string> name = in.Next();
  const auto* type = std::ranges::find(kTypes, name.value_or(""), &KeyType::certificate);
  if (type == kTypes.end() || !in.Next()) {
    return std::nullopt;
  }
  const std::optional<std::vector<std::string>> fields = ReadFields(*type, in);
  const std::string authority = AuthorityOf(blob, *type);
  if (!fields || !TypeOfKey(authority)) {
    return std::nullopt;
  }
  return SigningKey{KeyOf(*type, *fields), std::string(type->name), authority};
}

std::string FingerprintOf(std::string_view key) {
  const base::Sha256 digest = base::Sha256Of(key);
  std::string text = ToBase64(base::AsText(digest.bytes));
  text.erase(text.find_last_not_of('=') + 1);
  return "SHA256:" + text;
}

}  // namespace images
