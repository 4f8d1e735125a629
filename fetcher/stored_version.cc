#include "fetcher/stored_version.h"

#include <utility>

#include "base/error.h"
#include "images/channel/object_key.h"
#include "images/release/release.h"
#include "images/version/image_directory.h"

namespace fetcher {
namespace {

constexpr base::ExitCode kDamaged = base::ExitCode::kVerification;

pusher::PackedMetadata AsTheyAre(const std::string& manifest, const std::string& index,
                                 const std::string& provenance) {
  return {manifest.size(), index.size(), provenance.size(), false, manifest + index + provenance};
}

}  // namespace

StoredVersion::StoredVersion(store::Store& store, const pusher::VersionDigest& version)
    : store_(store), version_(version), id_(images::ImageId::Of(version.manifest_sha256)) {}

std::string StoredVersion::KeyOf(const char* file) const {
  return images::ImageFileKey(version_.name, id_, file);
}

std::string StoredVersion::KeyOfImage() const { return KeyOf(images::kImageFile); }

std::string StoredVersion::WhereIs(const char* file) const {
  return store_.location() + "/" + KeyOf(file);
}

std::optional<std::string> StoredVersion::FetchIfThere(const char* file, uint64_t max_bytes) const {
  store::Object object = store_.Get(KeyOf(file), max_bytes);
  return object.state == store::State::kHere ? std::optional(std::move(object.body)) : std::nullopt;
}

std::string StoredVersion::Fetch(const char* file, uint64_t max_bytes) const {
  std::optional<std::string> out = FetchIfThere(file, max_bytes);
  if (!out) {
    base::Fail(base::ExitCode::kFailed, "{} is missing: publish {} again", WhereIs(file),
               version_.name);
  }
  return *std::move(out);
}

std::string StoredVersion::FetchRelease() const {
  std::string out = FetchIfThere(images::kReleaseFile, images::kMaxReleaseBytes).value_or("");
  if (!out.empty()) {
    const std::string where = WhereIs(images::kReleaseFile);
    images::CheckBelongs(images::Release::Parse(out, where).statement, version_.name,
                         version_.manifest_sha256, where);
  }
  return out;
}

std::string StoredVersion::FetchProvenance(const std::string& release) const {
  std::string out = FetchIfThere(images::kProvenanceFile, pusher::kMaxProvenanceBytes).value_or("");
  if (!release.empty()) {
    const auto& signed_digest =
        images::Release::Parse(release, WhereIs(images::kReleaseFile)).statement.provenance_sha256;
    if (base::Sha256Of(out) != signed_digest) {
      base::Fail(kDamaged, "{} is not the one that was signed: publish {} again",
                 WhereIs(images::kProvenanceFile), version_.name);
    }
  }
  return out;
}

StoredTexts StoredVersion::FetchTexts(const std::string& release) const {
  const std::string where = WhereIs(images::kManifestFile);
  const std::string manifest = Fetch(images::kManifestFile, pusher::kMaxManifestBytes);
  if (base::Sha256Of(manifest) != version_.manifest_sha256) {
    base::Fail(kDamaged, "{} is not what its name says: delete it, and publish {} again", where,
               version_.name);
  }
  const images::Manifest parsed = images::Manifest::Parse(manifest, where);
  if (parsed.name != version_.name) {
    base::Fail(kDamaged, "{} is a manifest of {}", where, parsed.name);
  }
  const std::string index = Fetch(images::kIndexFile, pusher::kMaxIndexBytes);
  const chunker::ChunkIndex chunks =
      images::ParseIndexOf(parsed, index, WhereIs(images::kIndexFile));
  return {AsTheyAre(manifest, index, FetchProvenance(release)), pusher::ChunkList(chunks)};
}

}  // namespace fetcher
