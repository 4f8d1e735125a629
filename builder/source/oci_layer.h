// Applies one layer of an OCI image to a tree, as the image specification's layer.md says.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_

#include <string>

#include "builder/tree/tree.h"

namespace builder {

// Applies the tar archive at `path`, called `name` in errors. The files' contents go below
// `folder`, an empty directory, under numbers: no name of an entry ever becomes a path of this
// machine. Throws Error{kFailed} that names the entry which leads out of the image, by "..", an
// absolute name or a link, or which is a link to nothing.
void ApplyLayer(const std::string& path, const std::string& name, const std::string& folder,
                Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_
