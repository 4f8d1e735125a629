#include "builder/packages/language_packages.h"

#include <fmt/format.h>

#include <sstream>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/json_fields.h"

namespace builder {
namespace {

constexpr uint64_t kMostRecordBytes = 4 << 20;
constexpr uint64_t kMostListBytes = 16 << 20;

FoundPackage Found(const char* type, const std::string& path) {
  FoundPackage out;
  out.record.origin.type = type;
  out.record.path = path;
  return out;
}

// "../../bin/pip", below `folder`; the files of a package may stand anywhere above it.
std::string Below(std::string folder, std::string_view path) {
  if (path.starts_with('/')) {
    return std::string(path);
  }
  for (; path.starts_with("../"); path.remove_prefix(3)) {
    folder = base::ParentOf(folder);
  }
  return fmt::format("{}/{}", folder == "/" ? "" : folder, path);
}

// The first column of RECORD, which is CSV; its paths are relative to the folder of all packages.
std::string FilesOfRecord(const std::string& text, const std::string& folder) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    const bool quoted = line.starts_with('"');
    const size_t end = quoted ? line.find('"', 1) : line.find(',');
    if (end != std::string::npos) {
      out += Below(folder, std::string_view(line).substr(quoted, end - quoted)) + "\n";
    }
  }
  return out;
}

FoundPackage ReadPython(const std::string& path, const Node& node, const Tree& tree) {
  FoundPackage out = Found("pypi", path);
  std::istringstream lines(ContentOf(&node, kMostRecordBytes));
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (line.empty()) {
      break;  // the description follows
    }
    if (line.starts_with("Name: ")) {
      out.record.name = line.substr(6);
    } else if (line.starts_with("Version: ")) {
      out.record.version = line.substr(9);
    }
  }
  const std::string folder = base::ParentOf(path);
  if (base::BaseName(path) == "METADATA") {
    out.files = FilesOfRecord(ContentOf(tree.Find(folder + "/RECORD"), kMostListBytes),
                              base::ParentOf(folder));
  }
  out.files = out.files.empty() ? path + "\n" : out.files;
  return out;
}

std::string TextAt(const base::Json& json, const char* field) {
  const auto found = json.find(field);
  return found == json.end() || !found->is_string() ? "" : found->get<std::string>();
}

FoundPackage ReadNode(const std::string& path, const Node& node) {
  FoundPackage out = Found("npm", path);
  const base::Json json =
      base::Json::parse(ContentOf(&node, kMostRecordBytes), nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    out.record.name = TextAt(json, "name");
    out.record.version = TextAt(json, "version");
    out.folder = base::ParentOf(path);
  }
  return out;
}

// What stands in the first quotes after `word`: s.version = Gem::Version.new("7.0.1").
std::string Quoted(const std::string& text, std::string_view word) {
  const size_t at = text.find(word);
  const size_t begin = at == std::string::npos ? at : text.find('"', at);
  const size_t end = begin == std::string::npos ? begin : text.find('"', begin + 1);
  return end == std::string::npos || text.substr(at, begin - at).find('\n') != std::string::npos
             ? ""
             : text.substr(begin + 1, end - begin - 1);
}

FoundPackage ReadRuby(const std::string& path, const Node& node, const Tree& tree) {
  FoundPackage out = Found("gem", path);
  const std::string text = ContentOf(&node, kMostRecordBytes);
  out.record.name = Quoted(text, "s.name = ");
  out.record.version = Quoted(text, "s.version = ");
  const std::string stem = base::BaseName(path).substr(0, base::BaseName(path).size() - 8);
  const std::string folder = fmt::format("{}/gems/{}", base::ParentOf(base::ParentOf(path)), stem);
  if (tree.Find(folder) != nullptr) {
    out.folder = folder;
  } else {
    out.files = path + "\n";  // one of Ruby's own, whose files are Ruby's
  }
  return out;
}

// node_modules/x/package.json, node_modules/@scope/x/package.json
bool IsNodePackage(const std::string& folder) {
  const std::string parent = base::ParentOf(folder);
  return base::BaseName(parent) == "node_modules" ||
         (base::BaseName(parent).starts_with('@') &&
          base::BaseName(base::ParentOf(parent)) == "node_modules");
}

}  // namespace

std::optional<FoundPackage> ReadLanguagePackage(const std::string& path, const Node& node,
                                                const Tree& tree) {
  const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
  FoundPackage out;
  if (name.ends_with(".egg-info") ||
      (name == "METADATA" && base::ParentOf(path).ends_with(".dist-info")) ||
      (name == "PKG-INFO" && base::ParentOf(path).ends_with(".egg-info"))) {
    out = ReadPython(path, node, tree);
  } else if (name == "package.json" && IsNodePackage(base::ParentOf(path))) {
    out = ReadNode(path, node);
  } else if (name.ends_with(".gemspec") && path.find("/specifications/") != std::string::npos) {
    out = ReadRuby(path, node, tree);
  }
  if (!IsUsable(out.record) || out.record.version.empty()) {
    return std::nullopt;
  }
  return out;
}

}  // namespace builder
