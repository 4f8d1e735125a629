// Files that programs are known to open at run time although nothing in them says so: the modules
// and the configuration of a library, the standard library of a language.
#ifndef SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_
#define SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_

#include <map>
#include <set>
#include <string>

#include "base/problems.h"
#include "builder/source/file_closure.h"
#include "images/definition/definition.h"

namespace builder {

struct RunTimeSets {
  std::map<std::string, std::string> languages;  // folder of a standard library -> "python3.11"
  std::set<std::string> covered;                 // files of which is known what they open
  std::map<std::string, std::set<std::string>> taken;  // set -> the files it is taken for
  std::map<std::string, std::string>
      offered;  // set that is not taken by itself -> who would use it
};

// Adds to `files` the sets of what is in it, as Debian, Fedora and upstream lay them out: those
// that `contents.sets` names, otherwise the default ones. `problems`: what it names and is not to
// be had.
RunTimeSets AddRunTimeSets(const images::Contents& contents, FileClosure& files,
                           base::Problems& problems);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_RUN_TIME_SETS_H_
