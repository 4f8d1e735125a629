// Any archive is an OCI image or an Error.
#include "base/error.h"
#include "base/file.h"
#include "builder/source/oci_image.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const base::TemporaryDirectory folder("/tmp", "slipway-fuzz-");
  try {
    builder::OpenOciImage({file.path(), "", ""}, builder::ParseOciPlatform("linux/amd64"),
                          folder.path());
  } catch (const base::Error&) {
  }
  return 0;
}
