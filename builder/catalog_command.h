// imgbuild catalog: lists the ready definitions, prints one, or writes one with an example of the
// files that it needs.
#ifndef SLIPWAY_BUILDER_CATALOG_COMMAND_H_
#define SLIPWAY_BUILDER_CATALOG_COMMAND_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace builder {

// `arguments` follow the word "catalog".
int RunCatalog(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CATALOG_COMMAND_H_
