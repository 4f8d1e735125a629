// Any text says who may sign and whose keys are revoked, or is refused with the numbers of lines:
// each signer has a name and a key, and a time that begins before it ends.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "images/release/signers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  const auto lines = static_cast<size_t>(std::ranges::count(text, '\n')) + 1;
  try {
    const std::vector<images::Signer> signers = images::ParseSigners(text, "signers");
    for (const images::Signer& signer : signers) {
      const bool is_never_valid =
          signer.valid_after && signer.valid_before && *signer.valid_after >= *signer.valid_before;
      const images::SigningKey key{signer.key, "", signer.key};
      if (signer.principals.empty() || !images::TypeOfKey(signer.key) || is_never_valid ||
          signer.line < 1 || signer.line > lines || images::SignersOf(signers, key).empty()) {
        std::abort();
      }
    }
  } catch (const base::Error&) {
  }
  try {
    images::CheckRevoked(text, "revoked");
  } catch (const base::Error&) {
  }
  return 0;
}
