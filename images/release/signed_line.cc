#include "images/release/signed_line.h"

#include <set>

#include "base/error.h"

namespace images {

std::string SignedLine::Serialize() const {
  std::string out = line;
  for (const SshSignature& signature : signatures) {
    out += signature.block;
  }
  return out;
}

std::string LineOf(const std::string& text, size_t max_bytes, const std::string& where) {
  if (text.size() > max_bytes) {
    base::Fail(kUntrusted, "{}: it has {} bytes, more than {}", where, text.size(), max_bytes);
  }
  const size_t end = text.find('\n');
  if (end == std::string::npos) {
    base::Fail(kUntrusted, "{}: it has no signature", where);
  }
  return text.substr(0, end + 1);
}

// Each begins where the one before ends.
std::vector<SshSignature> ParseSignatures(std::string_view text, std::string_view name_space,
                                          const std::string& where) {
  std::vector<SshSignature> out;
  std::set<std::string> keys;
  while (!text.empty()) {
    if (out.size() == kMaxSignatures) {
      base::Fail(kUntrusted, "{}: it has more than {} signatures", where, kMaxSignatures);
    }
    const std::string which = fmt::format("{}: signature {}", where, out.size() + 1);
    const size_t end = text.find(kSignatureEnd);
    if (end == std::string_view::npos) {
      base::Fail(kUntrusted, "{}: its end is missing", which);
    }
    const size_t size = end + kSignatureEnd.size();
    out.push_back(SshSignature::Parse(text.substr(0, size), name_space, which));
    if (!keys.insert(out.back().fingerprint).second) {
      base::Fail(kUntrusted, "{}: {} has signed already", which, out.back().fingerprint);
    }
    text.remove_prefix(size);
  }
  if (out.empty()) {
    base::Fail(kUntrusted, "{}: it has no signature", where);
  }
  return out;
}

}  // namespace images
