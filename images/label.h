// The label of a version, for people: "1.4.0", as the operator calls it. It stands beside the
// manifest, in a file of its own, because it does not decide whether content is equal: an image ID
// does not depend on it, and it may be given anew. docs/formats/manifest.md has the rules.
#ifndef SLIPWAY_IMAGES_LABEL_H_
#define SLIPWAY_IMAGES_LABEL_H_

#include <cstddef>
#include <string>

namespace images {

inline constexpr const char* kLabelFile = "label";
// In its place: what `git describe` says.
inline constexpr const char* kGitLabel = "{git}";
inline constexpr size_t kMaxLabelBytes = 64;

// Why `text` is no label; empty: it is one.
std::string LabelProblem(const std::string& text);

// Of the version directory `path`; empty: it has none, or the file holds something else.
std::string ReadLabel(const std::string& path);
// Replaces the label, unless it is that already.
void WriteLabel(const std::string& path, const std::string& label);

}  // namespace images

#endif  // SLIPWAY_IMAGES_LABEL_H_
