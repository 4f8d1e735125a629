// From a definition and a closure to the tree of an image: store paths, mount points, links and
// files, with the checks that can be made before anything is compressed.
#ifndef SLIPWAY_BUILDER_CLOSURE_TREE_H_
#define SLIPWAY_BUILDER_CLOSURE_TREE_H_

#include "builder/nix_source.h"
#include "builder/tree.h"
#include "images/definition.h"

namespace builder {

// Fills in `size_bytes` of each path in `closure`. Throws Error{kUsage} where a service's program
// is not in the image or contents collide.
Tree MakeTree(const images::Definition& definition, NixClosure& closure);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CLOSURE_TREE_H_
