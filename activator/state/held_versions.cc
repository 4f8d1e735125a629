#include "activator/state/held_versions.h"

#include <type_traits>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "images/version/verity_tree.h"

namespace activator {
namespace {

constexpr size_t kReadAtOnceBytes = 256 << 10;

// What `read` returns; `otherwise` where it fails, unless that is an interrupt.
template <typename Read, typename Result = std::invoke_result_t<Read>>
Result OrIfUnreadable(Read read, Result otherwise) {
  try {
    return read();
  } catch (const base::Error& error) {
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return otherwise;
  }
}

}  // namespace

std::optional<images::ImageDirectory> OpenIfComplete(const std::string& path) {
  try {
    images::ImageDirectory directory(path);
    directory.ReadIndex();
    return base::Exists(path + "/" + kDamagedMark) ? std::nullopt : std::optional(directory);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

bool IsIntact(const std::string& path, const base::Sha256& manifest_sha256, bool with_provenance) {
  const std::optional<images::ImageDirectory> found = OpenIfComplete(path);
  return found && found->stored().digest == manifest_sha256 &&
         (!with_provenance || base::Exists(found->provenance_path())) && DamageOf(*found).empty();
}

std::string DamageOf(const images::ImageDirectory& version) {
  const std::string path = version.image_path();
  const images::ImageFacts& image = version.manifest().image;
  base::Sha256Hasher whole;
  images::VerityComparison tree(version);
  try {
    const base::UniqueFd fd = base::OpenForReading(path);
    std::vector<uint8_t> piece(kReadAtOnceBytes);
    for (uint64_t at = 0; at < image.size_bytes; at += piece.size()) {
      base::ThrowIfInterrupted();
      piece.resize(base::PReadInto(fd.get(), piece, at, path));
      if (piece.empty()) {
        return fmt::format("{} was cut short", path);
      }
      whole.Update(piece);
      tree.Update(piece);
    }
  } catch (const base::Error& error) {  // a bad sector is as bad as a wrong byte
    if (error.code() == base::ExitCode::kInterrupted) {
      throw;
    }
    return fmt::format("{} is damaged: {}", path, error.what());
  }
  if (const base::Sha256 found = whole.Finish(); found != image.sha256) {
    return fmt::format("{} is damaged: its SHA-256 is {}, its manifest says {}", path,
                       found.ToHex(), image.sha256.ToHex());
  }
  return tree.Finish();
}

base::UniqueFd OpenIfReadable(const std::string& path) {
  return OrIfUnreadable([&] { return base::OpenForReading(path); }, base::UniqueFd());
}

bool HasDigest(const std::string& path, const base::Sha256& digest) {
  return OrIfUnreadable([&] { return base::Exists(path) && base::Sha256OfFile(path) == digest; },
                        false);
}

std::optional<base::Sha256> ProvenanceDigestOf(const std::string& path) {
  return OrIfUnreadable(
      [&] {
        return std::optional(base::Sha256Of(
            base::ReadFileIfThere(path + "/" + images::kProvenanceFile).value_or("")));
      },
      std::optional<base::Sha256>());
}

std::vector<HeldVersion> CompleteVersions(const images::HostLayout& layout) {
  std::vector<HeldVersion> out;
  for (const images::VersionDirectory& version : layout.Versions()) {
    if (const std::optional<images::ImageDirectory> found = OpenIfComplete(version.path)) {
      out.push_back({version, found->stored().digest, found->manifest().image.sha256});
    }
  }
  return out;
}

std::optional<chunker::ChunkIndex> IndexOf(const HeldVersion& image) {
  try {
    return images::ImageDirectory(image.path).ReadIndex();
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace activator
