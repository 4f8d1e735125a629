// Fills in, from the source and the tree, what a definition leaves open about its services.
#ifndef SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_
#define SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_

#include "builder/source/closure.h"
#include "builder/tree/tree.h"

namespace builder {

// Afterwards each service says how it runs, and each of its programs is an executable file of the
// tree, named by its absolute path. Throws Error{kUsage} where that cannot be, of several
// SeveralErrors.
void ResolveServices(const Closure& closure, const Tree& tree, images::Services& services);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_
