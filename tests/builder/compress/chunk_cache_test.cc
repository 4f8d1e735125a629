#include "builder/compress/chunk_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "base/atomic_file.h"
#include "builder/compress/cache_entry.h"
#include "builder/read/read_back.h"
#include "tests/builder/sample_trees.h"

namespace builder {
namespace {

using testing::HasSubstr;

StoredChunk SampleChunk(uint64_t seed, size_t blocks = 3) {
  std::mt19937_64 random(seed);
  const std::string bytes = tests::RandomBytes(random, blocks * 4096);
  StoredChunk out;
  out.blocks.assign(bytes.begin(), bytes.end());
  out.extents = {{70000, 0, 2, false}, {4096, 2, 1, true}};
  out.id = base::Sha256Of(out.blocks);
  return out;
}

base::Sha256 KeyNamed(const std::string& name) { return base::Sha256Of(name); }

const base::KeyedHash kHash(std::string(base::KeyedHash::kKeyBytes, 'k'));

bool Equal(const StoredChunk& a, const StoredChunk& b) {
  return SerializeCacheEntry(KeyNamed(""), a, kHash) == SerializeCacheEntry(KeyNamed(""), b, kHash);
}

class ChunkCacheTest : public testing::Test {
 protected:
  // With what it said on its error output.
  std::string SaidBy(const std::function<void(const base::Io&)>& part) const {
    const std::string path = folder_.path() + "/said";
    const base::UniqueFd fd = base::Open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    base::Io io;
    io.err = fd.get();
    part(io);
    return base::ReadFile(path);
  }
  std::vector<std::string> Entries() const {
    std::vector<std::string> out = base::ListDirectory(cache_);
    std::erase(out, ".key");
    std::erase(out, ".segments");
    return out;
  }
  std::string PathOf(const std::string& name) const {
    return cache_ + "/" + KeyNamed(name).ToHex();
  }
  static void SetAge(const std::string& path, time_t seconds) {
    const timespec time{std::time(nullptr) - seconds, 0};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  base::TemporaryDirectory folder_{testing::TempDir(), "slipway-cache-"};
  const std::string cache_ = folder_.path() + "/a/chunks";
};

TEST_F(ChunkCacheTest, GivesBackWhatWasStored) {
  const StoredChunk chunk = SampleChunk(1);
  {
    ChunkCache cache(cache_, 1 << 20, base::Io());
    EXPECT_FALSE(cache.Find(KeyNamed("one")));
    cache.Store(KeyNamed("one"), chunk);
  }
  ChunkCache later(cache_, 1 << 20, base::Io());
  const auto found = later.Find(KeyNamed("one"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(Equal(*found, chunk));
}

TEST_F(ChunkCacheTest, NoChangedByteAndNoTornEndIsTaken) {
  const StoredChunk chunk = SampleChunk(2);
  const base::Sha256 key = KeyNamed("key");
  const std::string whole = SerializeCacheEntry(key, chunk, kHash);
  ASSERT_TRUE(ParseCacheEntry(key, base::AsBytes(whole), kHash));
  for (size_t i = 0; i < whole.size(); i += i < 300 ? 1 : 511) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(ParseCacheEntry(key, base::AsBytes(changed), kHash)) << i;
    EXPECT_FALSE(ParseCacheEntry(key, base::AsBytes(whole.substr(0, i)), kHash)) << i;
  }
  EXPECT_FALSE(ParseCacheEntry(key, base::AsBytes(whole + '\0'), kHash));
  EXPECT_FALSE(ParseCacheEntry(KeyNamed("another"), base::AsBytes(whole), kHash));
}

TEST_F(ChunkCacheTest, NoChangedByteAndNoTornEndOfKnownSegmentsIsTaken) {
  const KnownSegment segment{
      KeyNamed("key"), {1, 2, 3}, 70000, true, {KeyNamed("a"), KeyNamed("b")}};
  const std::string whole = SerializeSegments({segment, segment}, 1000, kHash);
  const std::vector<KnownSegment> parsed = ParseSegments(base::AsBytes(whole), kHash);
  ASSERT_EQ(parsed.size(), 2U);
  EXPECT_EQ(parsed[1].key, segment.key);
  EXPECT_EQ(parsed[1].content, segment.content);
  EXPECT_EQ(parsed[1].size_bytes, segment.size_bytes);
  EXPECT_EQ(parsed[1].ends_file, segment.ends_file);
  EXPECT_EQ(parsed[1].chunks, segment.chunks);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(ParseSegments(base::AsBytes(changed), kHash).empty()) << i;
    EXPECT_TRUE(ParseSegments(base::AsBytes(whole.substr(0, i)), kHash).empty()) << i;
  }
  EXPECT_EQ(
      ParseSegments(base::AsBytes(SerializeSegments({segment, segment}, 200, kHash)), kHash).size(),
      1U);
}

TEST_F(ChunkCacheTest, KeyDependsOnAllThatTheChunkDependsOn) {
  const std::string content(100000, 'c');
  const images::Codec codec = chunker::CodecFor("zstd", 9);
  const ChunkInput input{base::AsBytes(content), {90000, 100000}, false};
  const ChunkCache cache(cache_, 1 << 20, base::Io());
  const base::Sha256 key = cache.KeyOf(input, codec);
  EXPECT_EQ(cache.KeyOf(input, codec), key);
  EXPECT_NE(cache.KeyOf(input, chunker::CodecFor("zstd", 10)), key);
  EXPECT_NE(cache.KeyOf(input, chunker::CodecFor("lz4", 9)), key);
  images::Codec other = codec;
  other.library_version = "1.5.4";
  EXPECT_NE(cache.KeyOf(input, other), key);
  other = codec;
  other.parameters["search_log"] += 1;
  EXPECT_NE(cache.KeyOf(input, other), key);
  EXPECT_NE(cache.KeyOf({input.content, {90001, 100000}, false}, codec), key);
  EXPECT_NE(cache.KeyOf({input.content, {90000, 100000}, true}, codec), key);
  const std::string changed = "x" + content.substr(1);
  EXPECT_NE(cache.KeyOf({base::AsBytes(changed), input.ends, false}, codec), key);
}

TEST_F(ChunkCacheTest, KeysAreTheFoldersOwn) {
  const std::string content(100000, 'c');
  const images::Codec codec = chunker::CodecFor("zstd", 9);
  const ChunkInput input{base::AsBytes(content), {100000}, false};
  const auto key_in = [&](const std::string& folder) {
    return ChunkCache(folder, 0, base::Io()).KeyOf(input, codec);  // a limit that trims all entries
  };
  const base::Sha256 key = key_in(cache_);
  EXPECT_EQ(key_in(cache_), key);
  EXPECT_NE(key_in(folder_.path() + "/other"), key);
  base::WriteFileAtomically(cache_ + "/.key", "torn");
  EXPECT_NE(key_in(cache_), key);
}

TEST_F(ChunkCacheTest, OldestUsedGoFirstAboveTheLimit) {
  {
    ChunkCache cache(cache_, 1 << 20, base::Io());
    for (const char* name : {"old", "used", "new"}) {
      cache.Store(KeyNamed(name), SampleChunk(3));
    }
  }
  SetAge(PathOf("old"), 100);
  SetAge(PathOf("used"), 200);
  SetAge(PathOf("new"), 50);
  { EXPECT_TRUE(ChunkCache(cache_, 1 << 20, base::Io()).Find(KeyNamed("used"))); }
  { const ChunkCache trims(cache_, 2 * 13000, base::Io()); }
  EXPECT_FALSE(base::Exists(PathOf("old")));
  EXPECT_TRUE(base::Exists(PathOf("used")));
  EXPECT_TRUE(base::Exists(PathOf("new")));
}

TEST_F(ChunkCacheTest, StaysNearItsLimitWhileABuildGoesOn) {
  ChunkCache cache(cache_, 100000, base::Io());
  for (int i = 0; i < 40; ++i) {
    cache.Store(KeyNamed(std::to_string(i)), SampleChunk(4));
    EXPECT_LE(Entries().size() * 12288, 100000U + 100000U / 4);
  }
}

TEST_F(ChunkCacheTest, WhatAKilledBuildLeftGoesAndWhatIsBeingWrittenStays) {
  base::MakeDirectories(cache_);
  const std::string left = cache_ + "/" + std::string(base::kTemporaryPrefix) + "1";
  const std::string written = cache_ + "/" + std::string(base::kTemporaryPrefix) + "2";
  base::WriteFileAtomically(left, "torn");
  base::WriteFileAtomically(written, "half");
  SetAge(left, 7200);
  { const ChunkCache trims(cache_, 1 << 20, base::Io()); }
  EXPECT_FALSE(base::Exists(left));
  EXPECT_TRUE(base::Exists(written));
}

TEST_F(ChunkCacheTest, AFolderThatCannotBeUsedIsOneWarning) {
  base::WriteFileAtomically(folder_.path() + "/a", "a file where the folder's parent would be");
  const std::string said = SaidBy([this](const base::Io& io) {
    ChunkCache cache(cache_, 1 << 20, io);
    EXPECT_FALSE(cache.Find(KeyNamed("x")));
    cache.Store(KeyNamed("x"), SampleChunk(5));
    cache.Store(KeyNamed("y"), SampleChunk(5));
  });
  EXPECT_THAT(said, HasSubstr("building without the chunk cache"));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST_F(ChunkCacheTest, AFolderThatGoesMeanwhileIsOneWarning) {
  const std::string said = SaidBy([this](const base::Io& io) {
    ChunkCache cache(cache_, 1 << 20, io);
    std::filesystem::remove_all(cache_);
    cache.Store(KeyNamed("x"), SampleChunk(5));
    cache.Store(KeyNamed("y"), SampleChunk(5));
  });
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(ChunkCacheTest, ManyThreadsOfTwoBuildsAtOnce) {
  ChunkCache first(cache_, 60000, base::Io());
  ChunkCache second(cache_, 60000, base::Io());
  std::atomic<int> wrong = 0;
  std::atomic<int> hits = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      ChunkCache& cache = i % 2 == 0 ? first : second;
      for (uint64_t n = 0; n < 60; ++n) {
        const base::Sha256 key = KeyNamed(std::to_string(n % 10));
        cache.Store(key, SampleChunk(n % 10));
        const auto found = cache.Find(key);
        hits += found ? 1 : 0;
        wrong += found && !Equal(*found, SampleChunk(n % 10)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(hits, 0);
}

class CachedBuildTest : public ChunkCacheTest, public testing::WithParamInterface<std::string> {
 protected:
  base::Sha256 BuildWith(ChunkCache* cache) const {
    const base::UniqueFd fd = base::Open(image_, O_RDWR | O_CREAT | O_TRUNC, 0644);
    WriteOptions options;
    options.codec = chunker::CodecFor(GetParam(), 9);
    options.threads = 2;
    options.cache = cache;
    WriteErofs(tree_, fd.get(), image_, options, base::Io());
    return base::Sha256OfFile(image_);
  }

  // Of each entry the file's number: what is made again is another file.
  std::map<std::string, ino_t> Files() const {
    std::map<std::string, ino_t> out;
    for (const std::string& name : Entries()) {
      out[name] = base::StatIfThere(cache_ + "/" + name)->st_ino;
    }
    return out;
  }

  Tree tree_ = tests::LimitsTree();
  const std::string image_ = folder_.path() + "/image.erofs";
};

TEST_P(CachedBuildTest, IsTheSameImageWithoutCompressing) {
  const base::Sha256 without = BuildWith(nullptr);
  {
    ChunkCache cold(cache_, 1 << 30, base::Io());
    EXPECT_EQ(BuildWith(&cold), without);
  }
  const auto made = Files();
  EXPECT_FALSE(made.empty());
  ChunkCache warm(cache_, 1 << 30, base::Io());
  EXPECT_EQ(BuildWith(&warm), without);
  EXPECT_EQ(Files(), made);
  ReadBack(image_, tree_, base::Io());
}

TEST_P(CachedBuildTest, DamagedEntriesAreMadeAgain) {
  const base::Sha256 without = BuildWith(nullptr);
  {
    ChunkCache cold(cache_, 1 << 30, base::Io());
    BuildWith(&cold);
  }
  uint64_t damaged = 0;
  std::map<std::string, uint64_t> torn_bytes;
  for (const std::string& name : Entries()) {
    const std::string path = cache_ + "/" + name;
    const auto size = static_cast<off_t>(base::FileSize(path));
    const off_t left = ++damaged % 2 == 0 ? 0 : size / 2;
    ASSERT_EQ(::truncate(path.c_str(), left), 0);
    torn_bytes[name] = static_cast<uint64_t>(left);
  }
  ASSERT_GT(damaged, 10U);
  {
    ChunkCache torn(cache_, 1 << 30, base::Io());
    EXPECT_EQ(BuildWith(&torn), without);
  }
  const auto made = Files();
  for (const auto& [name, bytes] : torn_bytes) {
    EXPECT_GT(base::FileSize(cache_ + "/" + name), bytes) << name;
  }
  ChunkCache mended(cache_, 1 << 30, base::Io());
  EXPECT_EQ(BuildWith(&mended), without);
  EXPECT_EQ(Files(), made);
}

TEST_P(CachedBuildTest, SegmentsThatAreKnownAreNotSplitAgain) {
  std::mt19937_64 random(3);
  tree_ = Tree();
  tree_.AddLiteral("/large", tests::RandomText(random, 9'000'001));
  tree_.AddLiteral("/small", tests::RandomText(random, 50'000));
  const base::Sha256 without = BuildWith(nullptr);
  {
    ChunkCache cold(cache_, 1 << 30, base::Io());
    EXPECT_EQ(BuildWith(&cold), without);
    EXPECT_TRUE(cold.segments().changed());
  }
  const auto made = Files();
  ChunkCache warm(cache_, 1 << 30, base::Io());
  EXPECT_EQ(BuildWith(&warm), without);
  EXPECT_FALSE(warm.segments().changed());
  EXPECT_EQ(Files(), made);
}

TEST_P(CachedBuildTest, KnownSegmentsThatAreDamagedAreSplitAgain) {
  const base::Sha256 without = BuildWith(nullptr);
  {
    ChunkCache cold(cache_, 1 << 30, base::Io());
    BuildWith(&cold);
  }
  const std::string path = cache_ + "/.segments";
  std::string damaged = base::ReadFile(path);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  base::WriteFileAtomically(path, damaged);
  const auto made = Files();
  ChunkCache torn(cache_, 1 << 30, base::Io());
  EXPECT_TRUE(torn.segments().LastUsedFirst().empty());
  EXPECT_EQ(BuildWith(&torn), without);
  EXPECT_EQ(Files(), made);
}

INSTANTIATE_TEST_SUITE_P(Targets, CachedBuildTest, testing::Values("zstd", "lz4"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace builder
