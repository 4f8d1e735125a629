#include "builder/packages/os_packages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

#include "base/file.h"

namespace builder {
namespace {

constexpr uint64_t kMostDatabaseBytes = 64 << 20;     // of a file
constexpr uint64_t kMostDatabasesBytes = 1024 << 20;  // of all
constexpr uint64_t kMostFoundBytes = 128 << 20;       // of all packages and their lists of files

constexpr const char* kStatus = "/var/lib/dpkg/status";
constexpr const char* kStatusFolder = "/var/lib/dpkg/status.d";
constexpr const char* kInfo = "/var/lib/dpkg/info";
constexpr const char* kSums = ".md5sums";
constexpr std::array kApkDatabases = {"/lib/apk/db/installed", "/usr/lib/apk/db/installed"};
constexpr std::array kUnread = {"/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm",
                                "/var/lib/pacman/local"};

using Fields = std::map<std::string, std::string>;

// Calls `use` with each paragraph; lines that continue a field are left out.
void EachParagraph(const std::string& text, const std::function<void(Fields&)>& use) {
  std::istringstream lines(text);
  Fields fields;
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (line.empty()) {
      use(fields);
      fields.clear();
    } else if (line[0] != ' ' && line[0] != '\t' && colon != std::string::npos) {
      const size_t begin = line.find_first_not_of(' ', colon + 1);
      fields[line.substr(0, colon)] = begin == std::string::npos ? "" : line.substr(begin);
    }
  }
  use(fields);
}

// "install ok unpacked"; distroless images have no such field.
bool IsUnpacked(const std::string& status) {
  return !status.ends_with(" not-installed") && !status.ends_with(" config-files");
}

class FilesOfTree : public RootFiles {
 public:
  explicit FilesOfTree(const Tree& tree) : tree_(tree) {}

  std::vector<std::string> NamesIn(const std::string& folder) const override {
    std::vector<std::string> out;
    if (const Node* node = tree_.Resolve(folder); node != nullptr) {
      for (const auto& [name, child] : node->children) {
        out.emplace_back(name);
      }
    }
    return out;
  }
  std::optional<std::string> Read(const std::string& path, uint64_t most_bytes) override {
    const Node* node = tree_.Resolve(path);
    return node == nullptr ? std::nullopt : std::optional(ContentOf(node, most_bytes));
  }

 private:
  const Tree& tree_;
};

class OsPackageReader {
 public:
  explicit OsPackageReader(RootFiles& files) : files_(files) {}

  std::vector<FoundPackage> Read() {
    ReadStatus(kStatus, kStatus, [&](const PackageRecord& record) {
      const std::string list = fmt::format("{}/{}", kInfo, record.name);
      auto with = Listed(fmt::format("{}:{}.list", list, record.origin.architecture));
      return with ? *std::move(with) : Listed(list + ".list").value_or("");
    });
    for (const std::string& name : files_.NamesIn(kStatusFolder)) {
      if (!name.ends_with(kSums)) {
        const std::string path = fmt::format("{}/{}", kStatusFolder, name);
        ReadStatus(path, kStatusFolder, [&](const PackageRecord& /*record*/) {
          return FilesOfSums(Listed(path + kSums).value_or(""));
        });
      }
    }
    std::string before;
    for (const char* database : kApkDatabases) {
      const std::string text = Content(database, kMostDatabaseBytes).value_or("");
      if (text != before) {  // one may be a link to the other
        ReadApk(text);
      }
      before = text;
    }
    return std::move(out_);
  }

 private:
  std::optional<std::string> Content(const std::string& path, uint64_t most_bytes) {
    std::optional<std::string> out = files_.Read(path, std::min(most_bytes, left_content_bytes_));
    left_content_bytes_ -= out ? out->size() : 0;
    return out;
  }
  std::optional<std::string> Listed(const std::string& path) {
    return Content(path, std::min(kMostDatabaseBytes, left_bytes_));
  }
  void Found(FoundPackage package) {
    const uint64_t bytes = sizeof package + package.files.size();
    if (bytes <= left_bytes_) {
      left_bytes_ -= bytes;
      out_.push_back(std::move(package));
    }
  }

  // "SUM  usr/lib/libc.so.6" each.
  static std::string FilesOfSums(const std::string& text) {
    std::istringstream lines(text);
    std::string out;
    for (std::string line; std::getline(lines, line);) {
      if (const size_t at = line.find("  "); at != std::string::npos) {
        out += '/';
        out.append(line, at + 2);
        out += '\n';
      }
    }
    return out;
  }

  void ReadStatus(const std::string& path, const char* record_path,
                  const std::function<std::string(const PackageRecord&)>& files_of) {
    EachParagraph(Content(path, kMostDatabaseBytes).value_or(""), [&](Fields& fields) {
      PackageRecord record;
      record.origin.type = "deb";
      record.origin.architecture = fields["Architecture"];
      record.name = fields["Package"];
      record.version = fields["Version"];
      record.path = record_path;
      SetDebianSource(fields["Source"], record);
      if (IsUsable(record) && !record.version.empty() && IsUnpacked(fields["Status"])) {
        std::string files = files_of(record);
        Found({std::move(record), std::move(files)});
      }
    });
  }

  // Fields of one letter; F: a folder, R: a file in it.
  void ReadApk(const std::string& text) {
    std::istringstream lines(text);
    FoundPackage package;
    std::string folder;
    const auto finish = [&] {
      PackageRecord& record = package.record;
      record.origin.type = "apk";
      record.path = kApkDatabases.front();
      if (record.origin.source_name.empty()) {
        record.origin.source_name = record.name;
      }
      record.origin.source_version = record.version;
      if (IsUsable(record) && !record.version.empty()) {
        Found(std::move(package));
      }
      package = {};
      folder.clear();
    };
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) {
        finish();
      } else if (line.size() >= 2 && line[1] == ':') {
        ReadApkField(line[0], line.substr(2), folder, package);
      }
    }
    finish();
  }
  void ReadApkField(char field, const std::string& value, std::string& folder,
                    FoundPackage& package) {
    PackageRecord& record = package.record;
    if (field == 'P') {
      record.name = value;
    } else if (field == 'V') {
      record.version = value;
    } else if (field == 'A') {
      record.origin.architecture = value;
    } else if (field == 'o') {
      record.origin.source_name = value;
    } else if (field == 'F') {
      folder = value.empty() ? "" : "/" + value;
    } else if (field == 'R') {
      // A few long folders with many files would fill all memory.
      const uint64_t bytes = folder.size() + value.size() + 2;
      if (sizeof package + package.files.size() + bytes <= left_bytes_) {
        package.files += fmt::format("{}/{}\n", folder, value);
      }
    }
  }

  RootFiles& files_;
  uint64_t left_content_bytes_ = kMostDatabasesBytes;
  uint64_t left_bytes_ = kMostFoundBytes;
  std::vector<FoundPackage> out_;
};

}  // namespace

void SetDebianSource(const std::string& field, PackageRecord& record) {
  const size_t space = field.find(' ');
  const size_t open = field.find('(');
  const size_t close = field.find(')', open);
  record.origin.source_name = field.empty() ? record.name : field.substr(0, space);
  record.origin.source_version = open == std::string::npos || close == std::string::npos
                                     ? record.version
                                     : field.substr(open + 1, close - open - 1);
}

bool IsOfDatabase(const std::string& path) {
  const std::string folder = base::ParentOf(path);
  return path == kStatus || folder == kStatusFolder ||
         (folder == kInfo && path.ends_with(".list")) ||
         std::ranges::find(kApkDatabases, path) != kApkDatabases.end();
}

std::vector<FoundPackage> ReadOsPackages(RootFiles& files) { return OsPackageReader(files).Read(); }

std::vector<FoundPackage> ReadOsPackages(const Tree& tree) {
  FilesOfTree files(tree);
  return ReadOsPackages(files);
}

std::optional<std::string> UnreadDatabase(const Tree& tree) {
  for (const char* folder : kUnread) {
    const Node* node = tree.Resolve(folder);
    if (node != nullptr && node->kind == Node::Kind::kDirectory && !node->children.empty()) {
      return folder;
    }
  }
  return std::nullopt;
}

}  // namespace builder
