// What an image leaves out of what its source brings.
#ifndef SLIPWAY_BUILDER_SOURCE_EXCLUSIONS_H_
#define SLIPWAY_BUILDER_SOURCE_EXCLUSIONS_H_

#include <string>
#include <vector>

#include "builder/tree/tree.h"
#include "images/definition/definition.h"

namespace builder {

class Exclusions {
 public:
  // What `contents.exclude` matches and, with `contents.minimize`, what no program needs to run.
  explicit Exclusions(const images::Contents& contents);

  // Whether `path` is left out, or a directory that it is in.
  bool Match(const std::string& path) const;
  void Apply(Tree& tree) const;

 private:
  bool MatchItself(const std::string& path) const;
  void Apply(const std::string& path, Node& node) const;

  std::vector<std::string> globs_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_EXCLUSIONS_H_
