#include "activator/switch/program_access.h"

#include <charconv>
#include <optional>
#include <string>

namespace activator {
namespace {

// nullopt: the unit does not say, or says a name.
std::optional<uint32_t> NumberOf(const images::Service& service, const char* option) {
  const auto section = service.directives.find("Service");
  if (section == service.directives.end()) {
    return std::nullopt;
  }
  const auto line = section->second.find(option);
  if (line == section->second.end()) {
    return std::nullopt;
  }
  const std::string& text = line->second;
  uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

}  // namespace

bool MayExecute(const struct stat& program, const images::Service& service) {
  const std::optional<uint32_t> user = NumberOf(service, "User");
  const std::optional<uint32_t> group = NumberOf(service, "Group");
  if (user == 0U) {
    return (program.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
  }
  if (user == program.st_uid) {
    return (program.st_mode & S_IXUSR) != 0;
  }
  if (group == program.st_gid) {
    return (program.st_mode & S_IXGRP) != 0;
  }
  return (program.st_mode & S_IXOTH) != 0;
}

}  // namespace activator
