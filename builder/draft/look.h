// Looks at a source, without running it: the first draft of its definition.
#ifndef SLIPWAY_BUILDER_DRAFT_LOOK_H_
#define SLIPWAY_BUILDER_DRAFT_LOOK_H_

#include <string>
#include <vector>

#include "builder/draft/draft.h"

namespace builder {

struct LookOptions {
  std::string source;    // what `imgbuild --source` takes, or a script, or a folder of scripts
  std::string name;      // empty: after the source
  images::Command exec;  // empty: what the source says
  std::vector<std::string> arguments;  // added to it
  std::string temporary;               // an empty folder, for an archive's content
};

// Throws Error{kUsage} where the source does not say what to run, and Error{kFailed} where it
// cannot be read.
Draft LookAt(const LookOptions& options);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_DRAFT_LOOK_H_
