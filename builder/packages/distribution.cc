#include "builder/packages/distribution.h"

#include <map>

#include "base/printable.h"

namespace builder {
namespace {

std::string WithoutQuotes(const std::string& text) {
  const bool quoted =
      text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

}  // namespace

Distribution ParseOsRelease(const std::string& text) {
  std::map<std::string, std::string> fields;
  for (const std::string& line : base::LinesOf(text)) {
    if (const size_t equals = line.find('='); equals != std::string::npos) {
      fields[line.substr(0, equals)] = WithoutQuotes(line.substr(equals + 1));
    }
  }
  const std::string version =
      fields["VERSION_ID"].empty() ? fields["VERSION_CODENAME"] : fields["VERSION_ID"];
  return {fields["ID"], version};
}

}  // namespace builder
