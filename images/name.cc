#include "images/name.h"

#include <algorithm>
#include <array>

namespace images {
namespace {

constexpr size_t kMaxNameBytes = 64;
constexpr size_t kIdDigits = 16;
constexpr std::array<std::string_view, 5> kReserved = {"generations", "incoming", "bin", "current",
                                                       "lock"};

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsNameCharacter(char c) { return IsLowerOrDigit(c) || c == '-' || c == '_' || c == '.'; }
bool IsHexDigit(char c) { return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9'); }

}  // namespace

void CheckName(std::string_view name, std::string_view what, base::Code code) {
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

ImageId ImageId::Of(const base::Sha256& manifest_digest) {
  return ImageId(manifest_digest.ToHex().substr(0, kIdDigits));
}

ImageId ImageId::Parse(std::string_view text) {
  if (text.size() != kIdDigits || !std::all_of(text.begin(), text.end(), IsHexDigit)) {
    base::Fail(base::Code::kUsage, "'{}' is not an image id: {} hexadecimal digits", text,
               kIdDigits);
  }
  return ImageId(std::string(text));
}

}  // namespace images
