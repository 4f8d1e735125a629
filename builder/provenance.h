// Writes provenance.json: facts that may differ between two builds of the same image, and therefore
// stay out of the manifest. For people; nothing on a host reads it.
#ifndef SLIPWAY_BUILDER_PROVENANCE_H_
#define SLIPWAY_BUILDER_PROVENANCE_H_

#include <string>

#include "builder/source/closure.h"
#include "images/definition/definition.h"

namespace builder {

std::string MakeProvenance(const images::Definition& definition, const Closure& closure);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_PROVENANCE_H_
