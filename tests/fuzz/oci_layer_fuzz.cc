// Any archive is a layer or an Error, and no entry of it becomes a path of this machine.
#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/file.h"
#include "builder/source/oci_layer.h"
#include "tests/fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(data, size);
  const base::TemporaryDirectory folder("/tmp", "slipway-fuzz-");
  const std::string inside = folder.path() + "/contents";
  base::MakeDirectories(inside);
  try {
    builder::Tree tree;
    builder::ApplyLayer(file.path(), "layer.tar", inside, tree, {0, 1, -1, false});
  } catch (const base::Error&) {
  }
  for (const std::string& name : base::ListDirectory(inside)) {
    if (!std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; })) {
      std::abort();
    }
  }
  if (base::ListDirectory(folder.path()).size() != 1) {
    std::abort();
  }
  return 0;
}
