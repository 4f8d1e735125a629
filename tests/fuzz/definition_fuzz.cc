// Any text is a definition or an Error: never a crash, never another exception.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "images/definition/definition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    images::ParseDefinition(std::string(data, data + size), "x.json", "/images");
  } catch (const base::Error&) {
  }
  return 0;
}
