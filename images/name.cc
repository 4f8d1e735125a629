#include "images/name.h"

#include <algorithm>
#include <array>
#include <climits>

namespace images {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxCredentialNameBytes = 255;
constexpr size_t kIdDigits = 16;
constexpr std::array<std::string_view, 7> kReserved = {"generations", "incoming", "bin", "current",
                                                       "lock",        "trust",    "pull"};

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsNameCharacter(char c) { return IsLowerOrDigit(c) || c == '-' || c == '_' || c == '.'; }
bool IsHexDigit(char c) { return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9'); }

bool IsCredentialCharacter(char c) { return IsNameCharacter(c) || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool IsCredentialName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxCredentialNameBytes && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), IsCredentialCharacter);
}

bool IsSecretName(std::string_view name) {
  constexpr size_t kMaxSecretNameBytes = 240;
  return IsCredentialName(name) && name.size() <= kMaxSecretNameBytes;
}

void CheckName(std::string_view name, std::string_view what, base::ExitCode code) {
  if (name.empty() || name.size() > kMaxNameBytes || !IsLowerOrDigit(name.front()) ||
      !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    base::Fail(
        code,
        "{} '{}' is not possible: use 1 to {} of a-z, 0-9, '-', '_' and '.', starting with a "
        "letter or digit",
        what, name, kMaxNameBytes);
  }
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
      name.ends_with(".json") || name.ends_with(".jsonl")) {
    base::Fail(code, "{} '{}' is reserved; choose another", what, name);
  }
}

bool IsName(std::string_view name) {
  try {
    CheckName(name, "name");
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

bool IsPlainAbsolutePath(std::string_view path) {
  if (path.size() < 2 || path.front() != '/' || path.find('\n') != std::string_view::npos ||
      path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (std::string_view rest = path.substr(1);;) {
    const std::string_view component = rest.substr(0, rest.find('/'));
    if (component.empty() || component == "." || component == ".." || component.size() > NAME_MAX) {
      return false;
    }
    if (component.size() == rest.size()) {
      return true;
    }
    rest = rest.substr(component.size() + 1);
  }
}

ImageId ImageId::Of(const base::Sha256& manifest_digest) {
  return ImageId(manifest_digest.ToHex().substr(0, kIdDigits));
}

ImageId ImageId::Parse(std::string_view text) {
  if (text.size() != kIdDigits || !std::all_of(text.begin(), text.end(), IsHexDigit)) {
    base::Fail(base::ExitCode::kUsage, "'{}' is not an image id: {} hexadecimal digits", text,
               kIdDigits);
  }
  return ImageId(std::string(text));
}

}  // namespace images
