// Makes the tree of an image from a definition and a closure: store paths, mount points, links and
// files. Checks everything that can be checked before compression.
#ifndef SLIPWAY_BUILDER_CONTENTS_CLOSURE_TREE_H_
#define SLIPWAY_BUILDER_CONTENTS_CLOSURE_TREE_H_

#include "base/io.h"
#include "builder/source/closure.h"
#include "builder/tree/tree.h"
#include "images/definition/definition.h"

namespace builder {

// Fills in `size_bytes` of each package, the architecture where the source does not say it, and in
// the definition's services what the source says and they do not; `io` is told what decides more
// than the definition. Throws Error{kUsage} where a service's program is not in the image or
// contents collide; of several, SeveralErrors. A message starts with the definition's field, unless
// it is about the source.
Tree MakeTree(images::Definition& definition, Closure& closure, const base::Io& io = {});

// What is missing on this machine, also where there is no tree to put it into.
void CheckFiles(const images::Contents& contents, base::Problems& problems);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_CLOSURE_TREE_H_
