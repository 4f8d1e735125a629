// Any text is what Nix says about store paths, or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "builder/source/path_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    builder::ParsePathInfo(std::string(data, data + size));
  } catch (const base::Error&) {
  }
  return 0;
}
