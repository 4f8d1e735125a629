// Globs of paths, as contents.exclude has them.
#ifndef SLIPWAY_BUILDER_SOURCE_GLOB_H_
#define SLIPWAY_BUILDER_SOURCE_GLOB_H_

#include <string_view>

namespace builder {

// Whether the whole of `path` ("/usr/share/x") matches: '*' and '?' stand for what holds no '/',
// "**" for anything; "**/" at the start also for "/" itself. All else stands for itself.
bool MatchesGlob(std::string_view glob, std::string_view path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_GLOB_H_
