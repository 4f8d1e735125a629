// The commands of imgbuild that look into built images: inspect, diff, verify, extract, preview,
// sbom.
#ifndef SLIPWAY_BUILDER_INSPECT_IMAGE_COMMANDS_H_
#define SLIPWAY_BUILDER_INSPECT_IMAGE_COMMANDS_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace builder {

bool IsImageCommand(const std::string& word);
std::vector<std::string> ImageCommandNames();

// `arguments` begin with the command.
int RunImageCommand(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_INSPECT_IMAGE_COMMANDS_H_
