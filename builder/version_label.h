// The label that a build gives its image (images/label.h).
#ifndef SLIPWAY_BUILDER_VERSION_LABEL_H_
#define SLIPWAY_BUILDER_VERSION_LABEL_H_

#include <string>

#include "base/io.h"

namespace builder {

// `text`, or for "{git}" what `git describe --tags --always --dirty` prints in `folder`; "" for "".
// `where` is the field or option that `text` stands in. Throws Error{kUsage} for what is no label,
// where `folder` is in no git tree, or without git.
std::string ResolveLabel(const std::string& text, const std::string& folder,
                         const std::string& where);

// Labels the version `path`, and says where its content had a label already.
void LabelVersion(const std::string& path, const std::string& name, const std::string& label,
                  const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_VERSION_LABEL_H_
