// An image definition, images/NAME.json: what goes into an image and which services it runs. The
// authority on the format is docs/formats/definition.md.
#ifndef SLIPWAY_IMAGES_DEFINITION_DEFINITION_H_
#define SLIPWAY_IMAGES_DEFINITION_DEFINITION_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/problems.h"
#include "images/definition/source.h"
#include "images/service/service.h"

namespace images {

struct Contents {
  std::vector<std::string> add;      // Nix: more sources; otherwise more files of this machine
  std::vector<std::string> exclude;  // globs of paths in the image that the source brings
  bool minimize = false;             // also without what no program needs to run
  // Run-time sets (content_sets.h); nothing: what an ELF source takes by itself.
  std::optional<std::vector<std::string>> sets{};
  std::map<std::string, std::string>
      symlinks;  // path in the image -> target; {out} is the source's path
  std::vector<std::string> directories;
  std::map<std::string, std::string> files;  // path in the image -> file on this machine, absolute
};

struct Definition {
  std::string name;
  std::string version;  // the label (images/label.h), or kGitLabel; empty: none
  Source source;
  Contents contents;
  std::string target = "zstd";  // which hosts it is for; in chunker::Codecs()
  bool verity = false;          // hosts verify each read
  Services services;

  std::string file;                     // it was read from; empty: a command line
  std::map<std::string, size_t> lines;  // base::FieldLines of that file
};

// Throws Error{kUsage} that names the file, the field and what to do, or SeveralErrors: all that is
// wrong with it. Relative paths in a definition are relative to `directory`, its own.
Definition ParseDefinition(const std::string& text, const std::string& name_of_file,
                           const std::string& directory);

// What was found later, each message with its field first unless it is about the source: throws it
// with file and line before and after it.
void ThrowIfAny(const Definition& definition, const base::Problems& problems);

// DIRECTORY/NAME.json, otherwise the catalog's, whose relative paths are relative to DIRECTORY
// too. Where there is neither: Error{kUsage} that lists what there is.
Definition LoadDefinition(const std::string& directory, const std::string& name);
// Whether LoadDefinition found no file.
bool IsFromCatalog(const Definition& definition);

}  // namespace images

#endif  // SLIPWAY_IMAGES_DEFINITION_DEFINITION_H_
