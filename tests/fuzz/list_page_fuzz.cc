// A page of S3's list, as a bucket's server sends it: an Error, or objects that were in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "store/list_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const base::Bytes bytes(data, size_bytes);
  try {
    const store::ListPage page = store::ParseListPage(base::AsText(bytes), "the store");
    size_t total = 0;
    for (const store::Listed& object : page.objects) {
      total += object.key.size() + object.version.size();
    }
    if (total > size_bytes || (page.objects.empty() && !page.is_last)) {
      std::abort();
    }
  } catch (const base::Error&) {
  }
  return 0;
}
