#include "fetcher/stored_version.h"

#include <utility>
#include <vector>

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

std::string StoredVersion::FetchRelease() const {
  store::Object object = store_.Get(KeyOf(images::kReleaseFile), images::kMaxReleaseBytes);
  StatementIn(object);
  return std::move(object.body);
}

std::optional<images::Statement> StoredVersion::StatementIn(const store::Object& release) const {
  if (release.state != store::State::kHere) {
    return std::nullopt;
  }
  const std::string where = WhereIs(images::kReleaseFile);
  images::Statement out = images::Release::Parse(release.body, where).statement;
  images::CheckBelongs(out, version_.name, version_.manifest_sha256, where);
  return out;
}

std::string StoredVersion::Required(store::Object object, const char* file) const {
  if (object.state != store::State::kHere) {
    base::Fail(base::ExitCode::kFailed, "{} is missing: publish {} again", WhereIs(file),
               version_.name);
  }
  return std::move(object.body);
}

StoredTexts StoredVersion::FetchTexts() const {
  std::vector<store::Object> objects =
      store_.GetAll({{KeyOf(images::kReleaseFile), images::kMaxReleaseBytes},
                     {KeyOf(images::kManifestFile), pusher::kMaxManifestBytes},
                     {KeyOf(images::kIndexFile), pusher::kMaxIndexBytes},
                     {KeyOf(images::kProvenanceFile), pusher::kMaxProvenanceBytes}});
  const std::optional<images::Statement> statement = StatementIn(objects[0]);
  const std::string manifest = Required(std::move(objects[1]), images::kManifestFile);
  const std::string where = WhereIs(images::kManifestFile);
  if (base::Sha256Of(manifest) != version_.manifest_sha256) {
    base::Fail(kDamaged, "{} is not what its name says: delete it, and publish {} again", where,
               version_.name);
  }
  const images::Manifest parsed = images::Manifest::Parse(manifest, where);
  if (parsed.name != version_.name) {
    base::Fail(kDamaged, "{} is a manifest of {}", where, parsed.name);
  }
  const std::string index = Required(std::move(objects[2]), images::kIndexFile);
  const chunker::ChunkIndex chunks =
      images::ParseIndexOf(parsed, index, WhereIs(images::kIndexFile));
  const std::string& provenance = objects[3].body;
  if (statement && base::Sha256Of(provenance) != statement->provenance_sha256) {
    base::Fail(kDamaged, "{} is not the one that was signed: publish {} again",
               WhereIs(images::kProvenanceFile), version_.name);
  }
  return {std::move(objects[0].body), AsTheyAre(manifest, index, provenance),
          pusher::ChunkList(chunks)};
}

}  // namespace fetcher
