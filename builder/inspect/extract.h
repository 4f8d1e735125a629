// Unpacks an image into a new folder. For `imgbuild extract`.
#ifndef SLIPWAY_BUILDER_INSPECT_EXTRACT_H_
#define SLIPWAY_BUILDER_INSPECT_EXTRACT_H_

#include <string>

#include "base/io.h"
#include "images/version/image_directory.h"

namespace builder {

// `destination` must not exist; it appears complete or not at all. Modes, times, links and hard
// links are as in the image, owners only where root unpacks. So are extended attributes where
// `xattrs`; one that cannot be set is an error.
void Extract(const images::ImageDirectory& image, const std::string& destination, bool xattrs,
             const base::Io& io);

// The same into `folder`, which is empty and temporary: nothing is made durable.
void ExtractInto(const images::ImageDirectory& image, const std::string& folder, bool xattrs,
                 const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_EXTRACT_H_
