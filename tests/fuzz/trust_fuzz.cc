// Any text is a host's policy or its record of releases, or neither: what is read is written so
// that it is read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "activator/trust/accepted.h"
#include "base/error.h"
#include "images/release/trust.h"

namespace {

template <typename File>
void Read(const std::string& text, const std::string& name) {
  std::string again;
  try {
    again = File::Parse(text, name).Serialize();
  } catch (const base::Error&) {
    return;
  }
  if (File::Parse(again, name).Serialize() != again) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(data, data + size);
  Read<images::Policy>(text, "policy.json");
  Read<activator::Accepted>(text, "accepted.json");
  return 0;
}
