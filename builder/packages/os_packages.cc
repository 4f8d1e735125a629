#include "builder/packages/os_packages.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

namespace builder {
namespace {

// Any file may have such a name, whatever is in it.
constexpr uint64_t kMostDatabaseBytes = 64 << 20;
constexpr uint64_t kMostBytesOfLists = 256 << 20;  // of all lists of files

constexpr const char* kStatus = "/var/lib/dpkg/status";
constexpr const char* kStatusFolder = "/var/lib/dpkg/status.d";
constexpr const char* kInfo = "/var/lib/dpkg/info";
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

class OsPackageReader {
 public:
  explicit OsPackageReader(const Tree& tree) : tree_(tree) {}

  std::vector<FoundPackage> Read() {
    ReadStatus(tree_.Resolve(kStatus), [&](const PackageRecord& record) {
      const std::string list = fmt::format("{}/{}", kInfo, record.name);
      const Node* with = tree_.Resolve(fmt::format("{}:{}.list", list, record.origin.architecture));
      return Listed(with != nullptr ? with : tree_.Resolve(list + ".list"));
    });
    if (const Node* folder = tree_.Resolve(kStatusFolder); folder != nullptr) {
      for (const auto& [name, node] : folder->children) {
        if (!name.ends_with(".md5sums")) {
          const Node* sums = folder->children.Find(std::string(name) + ".md5sums");
          ReadStatus(node, [&](const PackageRecord& /*record*/) { return Sums(Listed(sums)); });
        }
      }
    }
    for (const char* database : kApkDatabases) {
      if (const Node* node = tree_.Resolve(database); node != nullptr && node != apk_) {
        apk_ = node;  // one may be a link to the other
        ReadApk(ContentOf(node, kMostDatabaseBytes));
      }
    }
    return std::move(out_);
  }

 private:
  std::string Listed(const Node* node) {
    std::string text = ContentOf(node, std::min(kMostDatabaseBytes, left_bytes_));
    left_bytes_ -= text.size();
    return text;
  }

  // "SUM  usr/lib/libc.so.6" each.
  static std::string Sums(const std::string& text) {
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

  void ReadStatus(const Node* node,
                  const std::function<std::string(const PackageRecord&)>& files_of) {
    EachParagraph(ContentOf(node, kMostDatabaseBytes), [&](Fields& fields) {
      PackageRecord record;
      record.origin.type = "deb";
      record.origin.architecture = fields["Architecture"];
      record.name = fields["Package"];
      record.version = fields["Version"];
      record.path = node == tree_.Resolve(kStatus) ? kStatus : kStatusFolder;
      SetDebianSource(fields["Source"], record);
      if (IsUsable(record) && !record.version.empty() && IsUnpacked(fields["Status"])) {
        std::string files = files_of(record);
        out_.push_back({std::move(record), std::move(files)});
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
        out_.push_back(std::move(package));
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
      if (bytes <= left_bytes_) {
        left_bytes_ -= bytes;
        package.files += fmt::format("{}/{}\n", folder, value);
      }
    }
  }

  const Tree& tree_;
  const Node* apk_ = nullptr;
  uint64_t left_bytes_ = kMostBytesOfLists;
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

std::vector<FoundPackage> ReadOsPackages(const Tree& tree) { return OsPackageReader(tree).Read(); }

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
