// Writes a draft as a definition file: JSON with comments (docs/formats/definition.md).
#ifndef SLIPWAY_BUILDER_DRAFT_DEFINITION_TEXT_H_
#define SLIPWAY_BUILDER_DRAFT_DEFINITION_TEXT_H_

#include <string>

#include "builder/draft/draft.h"

namespace builder {

// `folder`: of the file, absolute; what is beside it is named relative to it. Empty: every path is
// absolute.
std::string DefinitionText(const Draft& draft, const std::string& folder);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_DRAFT_DEFINITION_TEXT_H_
