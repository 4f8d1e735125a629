#include "units/host_paths.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include "units/escape.h"

namespace units {
namespace {

// How an option of [Service] names a path of the host.
enum class Form {
  kBeforeColon,  // BindPaths=-/host:/image ...
  kAfterColon,   // LoadCredential=name:/host, StandardOutput=append:/host
  kWhole,        // EnvironmentFile=-/host
};

constexpr std::array<std::pair<std::string_view, Form>, 8> kOptions = {
    {{"BindPaths", Form::kBeforeColon},
     {"BindReadOnlyPaths", Form::kBeforeColon},
     {"EnvironmentFile", Form::kWhole},
     {"LoadCredential", Form::kAfterColon},
     {"LoadCredentialEncrypted", Form::kAfterColon},
     {"StandardError", Form::kAfterColon},
     {"StandardInput", Form::kAfterColon},
     {"StandardOutput", Form::kAfterColon}}};

std::string PathIn(std::string word, Form form) {
  const size_t colon = word.find(':');
  if (form == Form::kBeforeColon) {
    word = word.substr(0, colon);
  } else if (form == Form::kAfterColon) {
    word = colon == std::string::npos ? "" : word.substr(colon + 1);
  }
  return word.starts_with('-') ? "" : word;  // one that may be missing is not waited for
}

void AddFromDirectives(const std::map<std::string, std::string>& lines,
                       std::vector<std::string>& out) {
  for (const auto& [option, form] : kOptions) {
    const auto line = lines.find(std::string(option));
    std::istringstream words(line == lines.end() ? "" : line->second);
    for (std::string word; words >> word;) {
      const std::string path = PathIn(word, form);
      if (path.starts_with('/') && path.find_first_of("\"'\\") == std::string::npos) {
        out.push_back(path);
      }
    }
  }
}

}  // namespace

std::vector<std::string> HostPathsOf(const images::Service& service) {
  std::vector<std::string> out;
  for (const images::Bind& bind : service.binds) {
    out.push_back(ListedPath(bind.host));
  }
  if (service.environment_file) {
    out.push_back(ListedPath(*service.environment_file));
  }
  for (const auto& [name, file] : service.credentials) {
    out.push_back(ListedPath(file));
  }
  if (const auto lines = service.directives.find("Service"); lines != service.directives.end()) {
    AddFromDirectives(lines->second, out);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace units
