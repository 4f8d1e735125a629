#include "builder/inspect/file_owners.h"

#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <string_view>

#include "base/file.h"
#include "base/json_fields.h"
#include "builder/read/guarded.h"
#include "builder/tree/package_paths.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

std::string TextOf(const std::string& name, const std::string& version) {
  return name + (version.empty() ? "" : " ") + version;
}

bool IsWholeRoot(const images::Manifest& manifest) {
  return manifest.closure.size() == 1 && manifest.closure.front().path == "/";
}

// What the provenance says: path of a package -> its files and folders. Empty in old versions.
std::map<std::string, std::vector<std::string>> ListedFiles(const images::ImageDirectory& image) {
  std::map<std::string, std::vector<std::string>> out;
  const std::string text = base::ReadFileIfThere(image.provenance_path()).value_or("{}");
  const base::Json json = base::Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("files") || !json.at("files").is_object()) {
    return out;
  }
  for (const auto& [package, files] : json.at("files").items()) {
    for (const base::Json& file : files) {
      if (file.is_string()) {
        out[package].push_back(file.get<std::string>());
      }
    }
  }
  return out;
}

// Any file may have such a name, whatever is in it.
constexpr uint64_t kMostDatabaseBytes = 64 << 20;     // of a file
constexpr uint64_t kMostDatabasesBytes = 1024 << 20;  // of all, one with several names for each
constexpr size_t kMostNameBytes = 256 << 20;          // of all names that are kept
constexpr size_t kBytesBesideAName = 128;
constexpr size_t kMostValueBytes = 255;  // of the name or version of a package

// Package databases, as they are met in the image. What is too large is left out.
class Databases {
 public:
  void Read(const ImageEntry& entry, ImageReader& reader) {
    if (entry.stat.size_bytes <= std::min(kMostDatabaseBytes, left_content_bytes_)) {
      Parse(entry, reader);
      StartNextStep();
    }
  }

  // file -> "libc6:amd64" or "busybox"
  const std::map<std::string, std::string>& files() const { return files_; }
  std::string TextOf(const std::string& package) const {
    const std::string name = package.substr(0, package.find(':'));
    const auto version = versions_.find(versions_.contains(package) ? package : name);
    return builder::TextOf(name, version == versions_.end() ? "" : version->second);
  }

 private:
  std::string ContentOf(const ImageEntry& entry, ImageReader& reader) {
    left_content_bytes_ -= entry.stat.size_bytes;
    std::string out;
    reader.ReadContent(
        entry, [&](std::span<const uint8_t> piece) { out.append(piece.begin(), piece.end()); });
    return out;
  }

  void Parse(const ImageEntry& entry, ImageReader& reader) {
    const std::string folder = base::ParentOf(entry.path);
    const std::string name = base::BaseName(entry.path);
    if (entry.path == "/var/lib/dpkg/status" || folder == "/var/lib/dpkg/status.d") {
      if (name.ends_with(".md5sums")) {
        ReadSums(name.substr(0, name.size() - 8), ContentOf(entry, reader));
      } else {
        ReadStatus(ContentOf(entry, reader));
      }
    } else if (folder == "/var/lib/dpkg/info" && name.ends_with(".list")) {
      std::istringstream lines(ContentOf(entry, reader));
      for (std::string line; std::getline(lines, line);) {
        Add(files_, {line}, name.substr(0, name.size() - 5));
      }
    } else if (entry.path == "/lib/apk/db/installed" || entry.path == "/usr/lib/apk/db/installed") {
      ReadApk(ContentOf(entry, reader));
    }
  }
  // `name` in its parts: a few long ones, put together again and again, would fill all memory.
  void Add(std::map<std::string, std::string>& to, std::initializer_list<std::string_view> name,
           const std::string& value) {
    size_t bytes = kBytesBesideAName + value.size();
    for (const std::string_view part : name) {
      bytes += part.size();
    }
    if (bytes <= left_bytes_ && value.size() <= kMostValueBytes) {
      left_bytes_ -= bytes;
      to.emplace(fmt::format("{}", fmt::join(name, "")), value);
    }
  }
  void ReadStatus(const std::string& text) {
    std::istringstream lines(text);
    std::map<std::string, std::string> fields;
    for (std::string line; std::getline(lines, line);) {
      const size_t colon = line.find(": ");
      if (line.starts_with("Package: ")) {
        fields.clear();
      }
      if (!line.starts_with(' ') && colon != std::string::npos) {
        fields[line.substr(0, colon)] = line.substr(colon + 2);
      }
      if (line.starts_with("Version: ")) {
        Add(versions_, {fields["Package"], ":", fields["Architecture"]}, fields["Version"]);
        Add(versions_, {fields["Package"]}, fields["Version"]);
      }
    }
  }
  void ReadSums(const std::string& package, const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (const size_t at = line.find("  "); at != std::string::npos) {
        Add(files_, {"/", line.substr(at + 2)}, package);
      }
    }
  }
  void ReadApk(const std::string& text) {
    std::istringstream lines(text);
    std::string package;
    std::string folder;
    for (std::string line; std::getline(lines, line);) {
      const std::string value = line.substr(std::min<size_t>(2, line.size()));
      if (line.starts_with("P:")) {
        package = value;
      } else if (line.starts_with("V:")) {
        Add(versions_, {package}, value);
      } else if (line.starts_with("F:")) {
        folder = value.empty() ? "" : "/" + value;
      } else if (line.starts_with("R:")) {
        Add(files_, {folder, "/", value}, package);
      }
    }
  }

  uint64_t left_content_bytes_ = kMostDatabasesBytes;
  size_t left_bytes_ = kMostNameBytes;
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> versions_;
};

}  // namespace

FileOwners::FileOwners(const images::ImageDirectory& image, ImageReader& reader) {
  if (IsWholeRoot(image.manifest())) {
    ReadDatabases(reader);
  } else {
    ReadClosure(image);
  }
}

void FileOwners::ReadClosure(const images::ImageDirectory& image) {
  const auto listed = ListedFiles(image);
  for (const images::ClosurePath& package : image.manifest().closure) {
    const auto files = listed.find(package.path);
    if (files != listed.end()) {
      for (const std::string& file : files->second) {
        by_path_.emplace(file, owners_.size());
      }
    } else {
      by_path_.emplace(package.path, owners_.size());
      lone_.emplace(package.path, package.size_bytes);
    }
    owners_.push_back({package.path, TextOf(package.name, package.version)});
  }
}

void FileOwners::ReadDatabases(ImageReader& reader) {
  Databases databases;
  reader.Walk([&](const ImageEntry& entry) {
    if (S_ISREG(entry.stat.mode)) {
      databases.Read(entry, reader);
    }
  });
  std::map<std::string, size_t> packages;
  for (const auto& [file, package] : databases.files()) {
    const auto [at, added] = packages.emplace(package, owners_.size());
    if (added) {
      owners_.push_back({"", databases.TextOf(package)});
    }
    by_path_.emplace(file, at->second);
  }
}

FileOwner FileOwners::Of(const ImageEntry& file) const {
  for (const std::string& path : PathsInPackages(file.path)) {
    if (const auto owner = by_path_.find(path); owner != by_path_.end()) {
      const auto lone = lone_.find(path);
      if (lone == lone_.end() || lone->second == file.stat.size_bytes) {
        return owners_[owner->second];
      }
    }
  }
  for (std::string folder = base::ParentOf(file.path); folder.size() > 1;
       folder = base::ParentOf(folder)) {
    const auto owner = by_path_.find(folder);
    if (owner != by_path_.end() && !owners_[owner->second].path.empty()) {
      return owners_[owner->second];
    }
  }
  const std::vector<std::string> names = PathComponents(file.path);
  const std::string folder = names.size() < 2 ? "/" : "/" + names.front();
  return {folder, folder};
}

}  // namespace builder
