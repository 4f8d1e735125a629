#include "images/label.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace images {

std::string LabelProblem(const std::string& text) {
  if (text.empty()) {
    return "it is empty: leave it out, or use a version such as 1.4.0";
  }
  if (text.size() > kMaxLabelBytes) {
    return fmt::format("it has {} bytes; use at most {}", text.size(), kMaxLabelBytes);
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    return "use printable ASCII characters without spaces";
  }
  if (text.find_first_of("{}") != std::string::npos) {
    return fmt::format("only {} alone has a meaning in braces", kGitLabel);
  }
  return "";
}

std::string ReadLabel(const std::string& path) {
  try {
    std::string text = base::ReadFileIfThere(path + "/" + kLabelFile).value_or("");
    if (text.ends_with('\n')) {
      text.pop_back();
    }
    return LabelProblem(text).empty() ? text : "";
  } catch (const base::Error&) {  // it is only for people
    return "";
  }
}

void WriteLabel(const std::string& path, const std::string& label) {
  if (ReadLabel(path) != label) {
    base::WriteFileAtomically(path + "/" + kLabelFile, label + "\n");
  }
}

}  // namespace images
