// A manifest that is accepted is canonical: written again it has the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "images/version/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  try {
    if (images::Manifest::Parse(text, "manifest.json").Serialize() != text) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
