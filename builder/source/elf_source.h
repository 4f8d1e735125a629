// Finds the closure of ELF programs: their interpreter, the libraries that the loader finds for
// them, and files that those open at run time.
#ifndef SLIPWAY_BUILDER_SOURCE_ELF_SOURCE_H_
#define SLIPWAY_BUILDER_SOURCE_ELF_SOURCE_H_

#include "base/io.h"
#include "builder/source/closure.h"

namespace builder {

// `contents`: the files and directories that come along, and what is left out. Says on `io` which
// programs load more at run time than can be seen in them. Throws Error{kFailed} where something is
// missing or is not what it should be.
Closure ResolveElf(const images::ElfSource& source, const images::Contents& contents,
                   const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_ELF_SOURCE_H_
