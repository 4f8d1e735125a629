// Builds images: a definition becomes an image directory.
#ifndef SLIPWAY_BUILDER_BUILD_COMMAND_H_
#define SLIPWAY_BUILDER_BUILD_COMMAND_H_

#include <string>

#include "base/io.h"
#include "builder/build_options.h"

namespace builder {

// Builds, reads back and publishes; returns the image directory. What was there stays where
// anything fails.
std::string Build(const BuildOptions& options, const base::Io& io);

// The same of `definition`; of `options`, what does not say what to build counts.
std::string BuildDefinition(images::Definition definition, const BuildOptions& options,
                            const base::Io& io);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_BUILD_COMMAND_H_
