#include "images/definition/catalog.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/file.h"

namespace images {
namespace {

constexpr std::string_view kMajor = "{major}";
// Debian installs each major version of PostgreSQL into a folder of its own.
constexpr const char* kMajorVersions = "/usr/lib/postgresql";
constexpr const char* kMajorOfDebian = "17";  // 13's

std::string NewestMajor() {
  std::string out;
  for (const std::string& name : base::ListDirectory(kMajorVersions)) {
    if (base::Exists(std::string(kMajorVersions) + "/" + name + "/bin/postgres") &&
        std::atoi(name.c_str()) > std::atoi(out.c_str())) {
      out = name;
    }
  }
  return out.empty() ? kMajorOfDebian : out;
}

// In a name or a number; a dot ends neither ("redis.service").
bool IsInWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// With `to` for each `from` that is a word of its own and stands behind `before`.
std::string ReplaceWords(std::string text, const std::string& before, const std::string& from,
                         const std::string& to) {
  for (size_t at = text.find(before + from); at != std::string::npos;
       at = text.find(before + from, at)) {
    const size_t start = at + before.size();
    const size_t end = start + from.size();
    const bool is_word =
        (start == 0 || !IsInWord(text[start - 1])) && (end == text.size() || !IsInWord(text[end]));
    if (is_word) {
      text.replace(start, from.size(), to);
    }
    at = start + (is_word ? to.size() : 1);
  }
  return text;
}

}  // namespace

std::optional<std::string> CatalogDefinition(const std::string& entry) {
  const auto found = CatalogEntries().find(entry);
  if (found == CatalogEntries().end()) {
    return std::nullopt;
  }
  std::string text = found->second;
  for (size_t at = text.find(kMajor); at != std::string::npos; at = text.find(kMajor)) {
    text.replace(at, kMajor.size(), NewestMajor());
  }
  return text;
}

std::string ForInstance(std::string text, const CatalogInstance& instance) {
  if (instance.name != instance.entry) {
    for (const char* before : {"\": \"", "\n    \"", "/var/lib/", "/var/log/", "/var/cache/",
                               "/run/", "/run/credentials/", "/etc/slipway/secrets/",
                               "systemctl reload ", "systemctl restart ", "systemctl start "}) {
      text = ReplaceWords(std::move(text), before, instance.entry, instance.name);
    }
    for (const char* before : {"\": \"", " -U ", "runuser -u "}) {
      text = instance.user.empty()
                 ? text
                 : ReplaceWords(std::move(text), before, instance.user, instance.name);
    }
    for (const char* before : {"\": \"", "the folder ", "--target "}) {
      text = instance.folder.empty()
                 ? text
                 : ReplaceWords(std::move(text), before, instance.folder, instance.name);
    }
  }
  if (instance.to_port) {
    text = ReplaceWords(std::move(text), "", std::to_string(instance.port),
                        std::to_string(*instance.to_port));
  }
  return text;
}

}  // namespace images
