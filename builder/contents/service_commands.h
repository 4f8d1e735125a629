// Fills in, from the source and the tree, what a definition leaves open about its services.
#ifndef SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_
#define SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_

#include "base/io.h"
#include "builder/source/closure.h"
#include "builder/tree/tree.h"
#include "images/definition/definition.h"

namespace builder {

// Afterwards each service says how it runs, and each of its programs is an executable file of the
// tree, named by its absolute path. Throws Error{kUsage} where that cannot be, of several
// SeveralErrors.
// `io` is told what an OCI image says of ports and health, and who gets that.
void ResolveServices(const Closure& closure, const Tree& tree, images::Definition& definition,
                     const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_SERVICE_COMMANDS_H_
