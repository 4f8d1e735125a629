// Resolves a definition's source, of any kind, into a closure. A new kind gets its line here.
#ifndef SLIPWAY_BUILDER_SOURCE_RESOLVE_SOURCE_H_
#define SLIPWAY_BUILDER_SOURCE_RESOLVE_SOURCE_H_

#include "base/io.h"
#include "builder/source/closure.h"
#include "images/definition/definition.h"

namespace builder {

// The closure of a definition's source and `contents.add`. What a person should know goes to `io`.
Closure ResolveSource(const images::Definition& definition, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_RESOLVE_SOURCE_H_
