#include "units/directive_words.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace units {
namespace {

// Of the specifiers of systemd.unit(5), those that are the same on every host.
std::optional<std::string> Specifier(char which, const std::string& service) {
  switch (which) {
    case 'n':
      return service + ".service";
    case 'N':
    case 'p':
    case 'P':
    case 'j':
    case 'J':
      return service;
    case 'i':
    case 'I':
      return "";
    case 'S':
      return "/var/lib";
    case 'C':
      return "/var/cache";
    case 'L':
      return "/var/log";
    case 'E':
      return "/etc";
    case 't':
      return "/run";
    case 'T':
      return "/tmp";
    case 'V':
      return "/var/tmp";
    case 'd':
      return "/run/credentials/" + service + ".service";
    case '%':
      return "%";
    default:
      return std::nullopt;
  }
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// The word at `at`, which moves behind it.
std::string NextWord(const std::string& value, size_t& at) {
  std::string out;
  char quote = 0;
  for (; at < value.size() && (quote != 0 || !IsSpace(value[at])); ++at) {
    const char c = value[at];
    if (c == '\\' && at + 1 < value.size()) {
      out += value[++at];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

const std::string* DirectiveOf(const images::Service& service, const std::string& section,
                               const std::string& option) {
  const auto lines = service.directives.find(section);
  if (lines == service.directives.end()) {
    return nullptr;
  }
  const auto line = lines->second.find(option);
  return line == lines->second.end() ? nullptr : &line->second;
}

bool IsOff(const images::Service& service, const std::string& option) {
  constexpr std::array<std::string_view, 5> kNo = {"no", "n", "false", "off", "0"};
  const std::string* value = DirectiveOf(service, "Service", option);
  return value != nullptr && std::find(kNo.begin(), kNo.end(), *value) != kNo.end();
}

std::optional<std::string> Expanded(const std::string& text, const std::string& service) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%' || at + 1 == text.size()) {
      out += text[at];
      continue;
    }
    const std::optional<std::string> value = Specifier(text[++at], service);
    if (!value) {
      return std::nullopt;
    }
    out += *value;
  }
  return out;
}

std::vector<std::string> WordsOf(const std::string& value, const std::string& service) {
  std::vector<std::string> out;
  for (size_t at = 0; at < value.size();) {
    if (IsSpace(value[at])) {
      ++at;
    } else if (std::optional<std::string> word = Expanded(NextWord(value, at), service)) {
      out.push_back(std::move(*word));
    }
  }
  return out;
}

}  // namespace units
