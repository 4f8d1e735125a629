#include "images/service/directives.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace images {
namespace {

// What the definition has a field for, and what decides which image runs.
constexpr std::array<std::string_view, 8> kNotInService = {
    "ExecStart",   "Type",     "RootImage",  "RootDirectory",
    "MountAPIVFS", "RootHash", "RootVerity", "RootHashSignature"};
// What would make the socket or the timer start another unit.
constexpr std::array<std::string_view, 3> kNotInStarters = {"Service", "Unit", "Accept"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view option) {
  return std::find(list.begin(), list.end(), option) != list.end();
}

}  // namespace

std::string DirectiveProblem(const std::string& section, const std::string& option,
                             const std::string& value) {
  const bool is_starter = section == "Socket" || section == "Timer";
  if ((section == "Service" && Contains(kNotInService, option)) ||
      (is_starter && Contains(kNotInStarters, option))) {
    return "is not possible: the definition's own fields decide it";
  }
  // systemd ends a line at a carriage return, too.
  const bool is_one_line = std::none_of(value.begin(), value.end(), [](unsigned char c) {
    return (c < ' ' && c != '\t') || c == 0x7f;
  });
  if (value.ends_with('\\') || !is_one_line) {
    return "would swallow or add a line: it ends with a backslash or holds a control character";
  }
  return "";
}

}  // namespace images
