#include "builder/source/oci_blobs.h"

#include <sys/stat.h>

#include <filesystem>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "builder/tree/archive_reader.h"

namespace builder {
namespace {

constexpr std::string_view kSha256 = "sha256:";

}  // namespace

OciBlobs::OciBlobs(const std::string& path, const std::string& folder)
    : path_(path), is_directory_(false) {
  const auto found = base::StatIfThere(path);
  if (!found) {
    base::Fail(base::ExitCode::kFailed, "the OCI image {} does not exist", path);
  }
  is_directory_ = S_ISDIR(found->st_mode);
  if (!is_directory_) {
    Unpack(folder);
  }
}

void OciBlobs::Unpack(const std::string& folder) {
  ArchiveReader reader(path_, path_);
  while (archive_entry* entry = reader.Next()) {
    const std::string name = CheckedEntryPath(archive_entry_pathname(entry), path_);
    const char* link = archive_entry_hardlink(entry);
    if (link != nullptr) {
      links_[name] = CheckedEntryPath(link, path_);
    } else if (const char* to = archive_entry_symlink(entry);
               to != nullptr && archive_entry_filetype(entry) == AE_IFLNK) {
      const std::filesystem::path target = to;  // older docker's equal layers
      links_[name] =
          (std::filesystem::path(name).parent_path() / target).lexically_normal().string();
    } else if (archive_entry_filetype(entry) == AE_IFREG) {
      std::string file = fmt::format("{}/{}", folder, files_.size());
      reader.ContentTo(file);
      files_[name] = std::move(file);
    }
  }
}

std::optional<std::string> OciBlobs::Find(const std::string& name) const {
  std::string path = CheckedEntryPath(name, path_);
  if (is_directory_) {
    path = path_ + path;
    return base::Exists(path) ? std::optional(path) : std::nullopt;
  }
  if (const auto link = links_.find(path); link != links_.end()) {
    path = link->second;
  }
  const auto file = files_.find(path);
  return file == files_.end() ? std::nullopt : std::optional(file->second);
}

std::string OciBlobs::Get(const std::string& name) const {
  std::optional<std::string> found = Find(name);
  if (!found) {
    base::Fail(base::ExitCode::kFailed, "{} lacks {}; save the image again", path_, name);
  }
  return *std::move(found);
}

std::string OciBlobs::NameOf(const std::string& digest) const {
  const bool known = digest.starts_with(kSha256) &&
                     base::Sha256::FromHex(digest.substr(kSha256.size())).has_value();
  if (!known) {
    base::Fail(base::ExitCode::kFailed, "{}: the digest '{}' is no SHA-256", path_, digest);
  }
  return "blobs/sha256/" + digest.substr(kSha256.size());
}

bool OciBlobs::HasDigest(const std::string& digest) const {
  return Find(NameOf(digest)).has_value();
}

std::string OciBlobs::GetByDigest(const std::string& digest) const {
  const std::string name = NameOf(digest);
  std::string file = Get(name);
  const std::string hex = base::BaseName(name);
  if (const std::string found = base::Sha256OfFile(file).ToHex(); found != hex) {
    base::Fail(base::ExitCode::kVerification, "{} is damaged: its blob {} has the SHA-256 {}",
               path_, hex, found);
  }
  return file;
}

}  // namespace builder
