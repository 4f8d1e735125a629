#include "builder/trial/unit_lines.h"

#include <set>
#include <sstream>

#include "units/directive_words.h"

namespace builder {

UnitLines::UnitLines(const std::string& text, std::string service) : service_(std::move(service)) {
  std::istringstream in(text);
  bool in_service = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) {
      in_service = line == "[Service]";
    } else if (const size_t at = line.find('='); in_service && at != std::string::npos) {
      lines_.emplace_back(line.substr(0, at), line.substr(at + 1));
    }
  }
}

std::optional<std::string> UnitLines::Last(const std::string& option) const {
  std::optional<std::string> out;
  for (const auto& [name, value] : lines_) {
    if (name == option) {
      out = value;
    }
  }
  return out;
}

bool UnitLines::IsOn(const std::string& option) const {
  const std::string value = Last(option).value_or("no");
  return value == "yes" || value == "true" || value == "on" || value == "1";
}

std::vector<std::string> UnitLines::Words(const std::string& option) const {
  std::vector<std::string> out;
  for (const auto& [name, value] : lines_) {
    if (name != option) {
      continue;
    }
    const std::vector<std::string> words = units::WordsOf(value, service_);
    if (words.empty()) {
      out.clear();
    }
    out.insert(out.end(), words.begin(), words.end());
  }
  return out;
}

std::vector<std::string> UnitLines::Options() const {
  std::set<std::string> out;
  for (const auto& [name, value] : lines_) {
    out.insert(name);
  }
  return {out.begin(), out.end()};
}

}  // namespace builder
