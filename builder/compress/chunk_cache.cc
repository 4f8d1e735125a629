#include "builder/compress/chunk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <tuple>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/version.h"
#include "builder/compress/cache_entry.h"

namespace builder {
namespace {

// To be raised with every change of how content is split and compressed: an entry of the old way
// would otherwise find its way into an image.
constexpr int kRevision = 2;
constexpr const char* kSecretFile = ".key";
constexpr const char* kSegmentsFile = ".segments";
constexpr size_t kMostSegmentsBytes = 8 << 20;  // of some 30 GB of content
constexpr uint64_t kMaxEntryBytes = 2 << 20;    // a chunk is at most 1 MiB
// A file that was being written is published within moments, or never.
constexpr time_t kAbandonedSeconds = 3600;

struct Entry {
  time_t used = 0;
  std::string path;
  uint64_t size_bytes = 0;
};

// Entries, and what a killed process left. A file that goes meanwhile is no longer there.
std::vector<Entry> EntriesOf(const std::string& folder) {
  const time_t now = std::time(nullptr);
  std::vector<Entry> out;
  for (const std::string& name : base::ListDirectory(folder)) {
    const std::string path = folder + "/" + name;
    const std::optional<struct stat> found = base::LstatIfThere(path);
    if (!found || !S_ISREG(found->st_mode)) {
      continue;
    }
    if (name == kSecretFile) {
      continue;
    }
    if (!name.starts_with(base::kTemporaryPrefix)) {
      out.push_back({found->st_mtime, path, static_cast<uint64_t>(found->st_size)});
    } else if (now - found->st_mtime > kAbandonedSeconds) {
      base::UnlinkIfThere(path);
    }
  }
  return out;
}

// Of a key: who compresses, and how.
std::string TextOf(const images::Codec& codec) {
  std::string out = fmt::format("slipway {} revision {}\n{} {} level {}\n", base::kVersion,
                                kRevision, codec.name, codec.library_version, codec.level);
  for (const auto& [name, value] : codec.parameters) {
    out += fmt::format("{}={}\n", name, value);
  }
  return out;
}

}  // namespace

std::optional<std::string> DefaultCacheFolder() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') {  // others are to be ignored, says the specification
    return std::string(cache) + "/slipway/chunks";
  }
  const char* const home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') {
    return std::string(home) + "/.cache/slipway/chunks";
  }
  return std::nullopt;
}

base::Sha256 ChunkCache::KeyOf(const ChunkInput& input, const images::Codec& codec) const {
  std::string text = TextOf(codec);
  text += input.ends_file ? "end of file at" : "ends";
  for (const size_t end : input.ends) {
    text += fmt::format(" {}", end);
  }
  text += '\n';
  text += base::AsText(content_hash_.Of(input.content));
  return base::Sha256Of(text);
}

base::Sha256 ChunkCache::SegmentKeyOf(base::Bytes head, const std::string& way,
                                      const images::Codec& codec) const {
  std::string text = TextOf(codec) + way + '\n';
  text += base::AsText(content_hash_.Of(head));
  return base::Sha256Of(text);
}

ChunkCache::ChunkCache(std::string folder, uint64_t limit_bytes, const base::Io& io)
    : folder_(std::move(folder)), limit_bytes_(limit_bytes), io_(io), content_hash_(Secret()) {
  LoadSegments();
}

// The folder's. Of two builds that make one at once, the later one's stays; what the other stores
// under its own is not found again.
std::string ChunkCache::Secret() {
  const std::string path = folder_ + "/" + kSecretFile;
  try {
    base::MakeDirectories(folder_, 0700);
    std::optional<std::string> secret = base::ReadFileIfThere(path);
    if (!secret || secret->size() != base::KeyedHash::kKeyBytes) {
      secret = base::KeyedHash::NewKey();
      base::WriteFileAtomically(path, *secret, 0600);
    }
    return *std::move(secret);
  } catch (const base::Error& error) {
    GiveUp(error);
    return base::KeyedHash::NewKey();
  }
}

ChunkCache::~ChunkCache() {
  if (usable_) {
    StoreSegments();
    const std::lock_guard<std::mutex> lock(mutex_);
    Trim();
  }
}

void ChunkCache::GiveUp(const base::Error& why) {
  if (usable_.exchange(false)) {
    io_.Err("imgbuild: warning: building without the chunk cache: {}\n", why.what());
  }
}

std::string ChunkCache::PathOf(const base::Sha256& key) const {
  return folder_ + "/" + key.ToHex();
}

std::optional<StoredChunk> ChunkCache::Find(const base::Sha256& key) {
  std::optional<StoredChunk> found;
  try {
    const std::string path = PathOf(key);
    const base::UniqueFd fd(base::TheSys().Open(path.c_str(), O_RDONLY, 0));
    if (fd.valid()) {
      const auto size_bytes = static_cast<uint64_t>(base::Fstat(fd.get(), path).st_size);
      const auto wanted = static_cast<size_t>(std::min(size_bytes, kMaxEntryBytes));
      found = ParseCacheEntry(key, base::PRead(fd.get(), 0, wanted, path), content_hash_);
    }
    if (found) {
      ::futimens(fd.get(), nullptr);  // used now; no harm where it cannot be said
    }
  } catch (const base::Error&) {  // unreadable: as good as none
  }
  return found;
}

void ChunkCache::Store(const base::Sha256& key, const StoredChunk& chunk) {
  if (!usable_) {
    return;
  }
  try {
    const std::string entry = SerializeCacheEntry(key, chunk, content_hash_);
    base::AtomicFile file(PathOf(key), 0600);
    base::WriteAll(file.fd(), base::AsBytes(entry), file.temporary_path());
    file.CommitUnsynced();
    const std::lock_guard<std::mutex> lock(mutex_);
    stored_bytes_ += entry.size();
    if (stored_bytes_ > limit_bytes_ / 8) {
      Trim();
    }
  } catch (const base::Error& error) {
    GiveUp(error);
  }
}

std::string ChunkCache::SegmentsPath() const { return folder_ + "/" + kSegmentsFile; }

void ChunkCache::LoadSegments() {
  try {
    if (const auto file = base::ReadFileIfThere(SegmentsPath(), 2 * kMostSegmentsBytes)) {
      segments_.Load(ParseSegments(base::AsBytes(*file), content_hash_));
    }
  } catch (const base::Error&) {  // unreadable: as good as none
  }
}

// Of two builds at once the later one's stay.
void ChunkCache::StoreSegments() {
  if (!segments_.changed()) {
    return;
  }
  try {
    const std::string content =
        SerializeSegments(segments_.LastUsedFirst(), kMostSegmentsBytes, content_hash_);
    base::AtomicFile file(SegmentsPath(), 0600);
    base::WriteAll(file.fd(), base::AsBytes(content), file.temporary_path());
    file.CommitUnsynced();
  } catch (const base::Error& error) {
    GiveUp(error);
  }
}

// mutex_ is held.
void ChunkCache::Trim() {
  stored_bytes_ = 0;
  try {
    std::vector<Entry> entries = EntriesOf(folder_);
    uint64_t total = 0;
    for (const Entry& entry : entries) {
      total += entry.size_bytes;
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.used, a.path) < std::tie(b.used, b.path);
    });
    for (auto oldest = entries.begin(); total > limit_bytes_; ++oldest) {
      base::UnlinkIfThere(oldest->path);
      total -= oldest->size_bytes;
    }
  } catch (const base::Error& error) {
    GiveUp(error);
  }
}

}  // namespace builder
