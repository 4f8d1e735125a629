// Files that programs are known to open at run time although nothing in them says so: the modules
// and the configuration of a library, the standard library of a language.
#ifndef SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_
#define SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_

#include <map>
#include <set>
#include <string>

#include "builder/source/file_closure.h"

namespace builder {

struct RunTimeSets {
  std::map<std::string, std::string> languages;  // folder of a standard library -> "python3.11"
  std::set<std::string> covered;                 // files of which is known what they open
};

// Adds to `files` the sets of what is in it, as Debian, Fedora and upstream lay them out.
RunTimeSets AddRunTimeSets(FileClosure& files);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_
