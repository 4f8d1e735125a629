// A record of a generation that is accepted says the same when it is written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "activator/state/generation.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto generation =
        activator::Generation::Parse(std::string(data, data + size), "generation.json");
    if (activator::Generation::Parse(generation.Serialize(), "again") != generation) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
