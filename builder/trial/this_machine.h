// What this machine has where a program looked. A path that nobody can look at is not here.
#ifndef SLIPWAY_BUILDER_TRIAL_THIS_MACHINE_H_
#define SLIPWAY_BUILDER_TRIAL_THIS_MACHINE_H_

#include <sys/stat.h>

#include <optional>
#include <string>

namespace builder {

// Never throws: also what is too long, or behind a folder that we may not enter, is nullopt.
std::optional<struct stat> StatHere(const std::string& path);
inline bool IsHere(const std::string& path) { return StatHere(path).has_value(); }

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_THIS_MACHINE_H_
