// Finds the standard libraries of languages, as Debian, Fedora, Alpine and upstream lay them out.
#ifndef SLIPWAY_BUILDER_SOURCE_LANGUAGE_SETS_H_
#define SLIPWAY_BUILDER_SOURCE_LANGUAGE_SETS_H_

#include <string>
#include <vector>

#include "builder/source/file_closure.h"

namespace builder {

struct StandardLibrary {
  std::string version;               // "3.11"; may be empty
  std::vector<std::string> folders;  // in the root, as they are named; some need not be there
};

// The names of sets (images::kContentSets) that are languages.
std::vector<std::string> LanguageNames();

// Whether `file` is the language's program, or the library that embeds it.
bool IsOfLanguage(const std::string& language, const std::string& file);

// Of `file`, which is of the language; without folders where none is beside it.
StandardLibrary StandardLibraryOf(const std::string& language, const std::string& file,
                                  const FileClosure& files);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_LANGUAGE_SETS_H_
