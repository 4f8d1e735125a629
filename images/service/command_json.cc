#include "images/service/command_json.h"

#include <algorithm>

namespace images {

constexpr size_t kMaxTextBytes = (size_t{128} << 10) - 1;  // MAX_ARG_STRLEN, without its NUL

// A unit file is lines of text: these two bytes cannot be written in one.
void CheckText(const base::JsonFields& fields, const std::string& field, const std::string& value) {
  if (value.find('\n') != std::string::npos || value.find('\0') != std::string::npos) {
    fields.Report(field, "a newline or NUL byte cannot stand in a unit");
  }
  if (value.size() > kMaxTextBytes) {
    fields.Report(field, fmt::format("{} bytes are more than the {} that Linux hands to a program "
                                     "in one argument or variable",
                                     value.size(), kMaxTextBytes));
  }
}

void CheckCommand(const base::JsonFields& fields, const std::string& field, const Command& command,
                  Programs programs) {
  const bool is_name = programs != Programs::kResolved && !command.empty() &&
                       !command.front().empty() && command.front().find('/') == std::string::npos;
  if (!is_name && (command.empty() || !command.front().starts_with('/'))) {
    fields.Report(
        field, fmt::format("expected a command: an array that starts with an absolute path in the "
                           "image{}",
                           programs == Programs::kResolved ? "" : " or a name without slashes"));
  }
  for (const std::string& argument : command) {
    CheckText(fields, field, argument);
  }
}

std::vector<Command> ReadCommands(base::JsonFields& fields, const std::string& field,
                                  Programs programs) {
  std::vector<Command> out;
  for (const base::Json& value : fields.Array(field)) {
    if (!value.is_array() || !std::all_of(value.begin(), value.end(), [](const base::Json& part) {
          return part.is_string();
        })) {
      fields.ReportUnread(field, "expected an array of commands, each an array of strings");
      continue;
    }
    out.push_back(value.get<Command>());
    CheckCommand(fields, field, out.back(), programs);
  }
  return out;
}

}  // namespace images
