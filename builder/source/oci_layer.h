// Applies one layer of an OCI image to a tree, as the image specification's layer.md says.
#ifndef SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_
#define SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_

#include <string>

#include "base/io.h"
#include "builder/tree/tree.h"

namespace builder {

// Applies the tar archive at `path`, called `name` in errors. The files' contents go below
// `folder`, an empty directory, under numbers: no name of an entry ever becomes a path of this
// machine. Links on the way to an entry are followed inside the tree, as umoci and docker do it; a
// directory that is an entry takes the place of a link. Says on `io` what is odd about the archive
// and yet can be read. Throws Error{kFailed} that names the entry which leads out of the image by
// "..", is a link to nothing, or has an owner that Linux has not.
void ApplyLayer(const std::string& path, const std::string& name, const std::string& folder,
                Tree& tree, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_OCI_LAYER_H_
