// What an image leaves out of what its source brings.
#ifndef SLIPWAY_BUILDER_CONTENTS_EXCLUSIONS_H_
#define SLIPWAY_BUILDER_CONTENTS_EXCLUSIONS_H_

#include "builder/tree/tree.h"
#include "images/definition/definition.h"

namespace builder {

// Removes from `tree` what `contents.exclude` matches and, with `contents.minimize`, what no
// program needs to run.
void ApplyExclusions(const images::Contents& contents, Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_EXCLUSIONS_H_
