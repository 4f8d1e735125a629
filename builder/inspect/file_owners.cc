#include "builder/inspect/file_owners.h"

#include <sys/stat.h>

#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include "base/file.h"
#include "base/json_fields.h"
#include "builder/packages/os_packages.h"
#include "builder/tree/package_paths.h"
#include "builder/tree/tree.h"

namespace builder {
namespace {

// Many short names would fill all memory.
constexpr size_t kMostNameBytes = 256 << 20;
constexpr size_t kBytesBesideAName = 128;

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

// The few files of an image that a package database may be in.
class FilesOfImage : public RootFiles {
 public:
  explicit FilesOfImage(ImageReader& reader) : reader_(reader) {
    reader.Walk([&](const ImageEntry& entry) {
      if (S_ISREG(entry.stat.mode) && IsOfDatabase(entry.path)) {
        entries_[base::ParentOf(entry.path)].emplace(base::BaseName(entry.path), entry);
      }
    });
  }

  std::vector<std::string> NamesIn(const std::string& folder) const override {
    std::vector<std::string> out;
    if (const auto found = entries_.find(folder); found != entries_.end()) {
      for (const auto& [name, entry] : found->second) {
        out.push_back(name);
      }
    }
    return out;
  }
  std::optional<std::string> Read(const std::string& path, uint64_t most_bytes) override {
    const ImageEntry* const entry = Find(path);
    if (entry == nullptr) {
      return std::nullopt;
    }
    std::string out;
    if (entry->stat.size_bytes <= most_bytes) {
      reader_.ReadContent(
          *entry, [&](std::span<const uint8_t> piece) { out.append(piece.begin(), piece.end()); });
    }
    return out;
  }

 private:
  const ImageEntry* Find(const std::string& path) const {
    const auto folder = entries_.find(base::ParentOf(path));
    if (folder == entries_.end()) {
      return nullptr;
    }
    const auto file = folder->second.find(base::BaseName(path));
    return file == folder->second.end() ? nullptr : &file->second;
  }

  ImageReader& reader_;
  std::map<std::string, std::map<std::string, ImageEntry>> entries_;  // folder -> name
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
  FilesOfImage files(reader);
  size_t left_bytes = kMostNameBytes;
  for (FoundPackage& package : ReadOsPackages(files)) {
    owners_.push_back({"", TextOf(package.record.name, package.record.version)});
    std::istringstream lines(std::move(package.files));
    for (std::string line; std::getline(lines, line);) {
      const size_t bytes = line.size() + kBytesBesideAName;
      if (bytes <= left_bytes && by_path_.emplace(line, owners_.size() - 1).second) {
        left_bytes -= bytes;
      }
    }
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
