// Recognises a source of any kind from one word, the argument of `imgbuild --source`.
#ifndef SLIPWAY_BUILDER_SOURCE_SOURCE_WORD_H_
#define SLIPWAY_BUILDER_SOURCE_SOURCE_WORD_H_

#include <string>

#include "images/definition/source.h"

namespace builder {

// What lies there says which kind it is: in Nix's store or a link into it (or x.drv, a flake with
// '#', or nothing yet): Nix; another directory: an OCI layout where it has the file index.json or
// manifest.json, otherwise a root; another file: a program where it is ELF, otherwise an OCI
// archive, with the word of one of several images behind it or not (ParseOciReference). Relative
// paths are relative to the working directory.
images::Source ParseSource(const std::string& word);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_SOURCE_WORD_H_
