#include "units/escape.h"

#include <algorithm>

#include "base/error.h"

namespace units {
namespace {

bool IsControl(char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:=@,+-%").find(c) != std::string_view::npos;
}

bool NeedsQuotes(std::string_view text) {
  return text.empty() || !std::all_of(text.begin(), text.end(), IsPlain);
}

void RefuseUnwritable(std::string_view text) {
  if (text.find('\n') != std::string_view::npos || text.find('\0') != std::string_view::npos) {
    base::Fail(base::ExitCode::kFailed, "a newline or NUL byte cannot stand in a unit: '{}'", text);
  }
}

void RefuseControl(std::string_view path) {
  if (std::any_of(path.begin(), path.end(), IsControl)) {
    base::Fail(base::ExitCode::kFailed,
               "a control character cannot stand in a path of a unit: '{}'", path);
  }
}

// In double quotes, with C escapes. '%' starts a specifier everywhere, quoted or not.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\t') {
      out += "\\t";
    } else if (IsControl(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string DoublePercent(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '%') {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string Word(std::string_view text) {
  RefuseUnwritable(text);
  const std::string doubled = DoublePercent(text);
  return NeedsQuotes(text) ? Quoted(doubled) : doubled;
}

std::string ExecLine(const images::Command& command) {
  if (command.empty()) {
    base::Fail(base::ExitCode::kFailed, "a command is empty");
  }
  const std::string& program = command.front();
  if (std::any_of(program.begin(), program.end(),
                  [](char c) { return IsControl(c) || c == '"' || c == '\'' || c == '\\'; })) {
    base::Fail(base::ExitCode::kFailed,
               "systemd cannot run a program whose path holds quotes, backslashes or control "
               "characters: '{}'",
               program);
  }
  // ':' turns the expansion of variables off. Doubling each '$' instead would be right for the
  // arguments and wrong for the program's path, in which "$$" stays as it is.
  const bool has_dollar = std::any_of(command.begin(), command.end(), [](const std::string& part) {
    return part.find('$') != std::string::npos;
  });
  std::string out = Word(has_dollar ? fmt::format(":{}", program) : program);
  for (size_t i = 1; i < command.size(); ++i) {
    out += ' ';
    out += Word(command[i]);
  }
  return out;
}

std::string ListedPath(std::string_view path) {
  RefuseControl(path);
  const std::string doubled = DoublePercent(path);
  // A colon separates source and target.
  const bool quote = NeedsQuotes(path) || path.find(':') != std::string_view::npos;
  return quote ? Quoted(doubled) : doubled;
}

std::string WholePath(std::string_view path) {
  RefuseControl(path);
  if (path.empty() || path.front() == ' ' || path.back() == ' ' || path.back() == '\\') {
    base::Fail(base::ExitCode::kFailed,
               "a unit cannot hold a path that starts or ends with a space or ends with a "
               "backslash: '{}'",
               path);
  }
  return DoublePercent(path);
}

std::string ForPeople(std::string_view text) {
  std::string out = DoublePercent(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return IsControl(c) || c == '\\'; }, '_');
  return out;
}

}  // namespace units
