// Writes /etc/ld.so.cache, in which glibc's loader looks up libraries of the folders of
// /etc/ld.so.conf. In the format that glibc reads since 2.2 (its sysdeps/generic/dl-cache.h).
#ifndef SLIPWAY_BUILDER_SOURCE_LOADER_CACHE_H_
#define SLIPWAY_BUILDER_SOURCE_LOADER_CACHE_H_

#include <string>
#include <vector>

#include "builder/source/elf_file.h"
#include "builder/tree/tree.h"

namespace builder {

// Of the libraries in `tree` that stand in `folders`, for machines like `like`'s; of several with
// one name, the one in the first folder counts. Nothing is written where there is none, where the
// tree has such a file already, or for a machine that we do not know.
void AddLoaderCache(const std::vector<std::string>& folders, const ElfFile& like, Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_LOADER_CACHE_H_
