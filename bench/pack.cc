// Packs a folder as imgbuild packs a closure, read-back included, and says what each part took:
//   pack FOLDER IMAGE zstd|lz4 LEVEL [CACHE_FOLDER]
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "builder/compress/chunk_cache.h"
#include "builder/read/read_back.h"
#include "builder/write/erofs_writer.h"
#include "chunker/codec_table.h"

namespace {

builder::Tree TreeOf(const std::string& folder) {
  builder::Tree tree;
  for (const std::string& name : base::ListDirectory(folder)) {
    tree.AddFromDisk(folder + "/" + name, "/" + name);
  }
  return tree;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs `part` and prints what it took.
template <typename Part>
void Timed(const char* name, Part part) {
  const double start = Seconds();
  const double cpu_start = CpuSeconds();
  part();
  fmt::print("{} wall {:.3f} cpu {:.3f}\n", name, Seconds() - start, CpuSeconds() - cpu_start);
}

void Pack(const std::string& folder, const std::string& image, const std::string& target,
          uint64_t level, const std::string& cache_folder) {
  const base::Io io = base::Io::Standard();
  const builder::Tree tree = TreeOf(folder);
  builder::WriteOptions options;
  options.codec = chunker::CodecFor(target, level);
  options.label = "bench";
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  std::unique_ptr<builder::ChunkCache> cache;
  if (!cache_folder.empty()) {
    cache = std::make_unique<builder::ChunkCache>(cache_folder, builder::kDefaultCacheBytes, io);
    options.cache = cache.get();
  }
  base::UniqueFd fd = base::Open(image, O_RDWR | O_CREAT | O_TRUNC, 0644);
  Timed("write", [&] { builder::WriteErofs(tree, fd.get(), image, options, io); });
  base::Close(std::move(fd), image);
  Timed("read-back", [&] { builder::ReadBack(image, tree, io); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    fmt::print(stderr, "pack FOLDER IMAGE zstd|lz4 LEVEL [CACHE_FOLDER]\n");
    return 2;
  }
  try {
    Pack(argv[1], argv[2], argv[3], std::strtoull(argv[4], nullptr, 10), argc == 6 ? argv[5] : "");
    return 0;
  } catch (const base::Error& error) {
    fmt::print(stderr, "pack: {}\n", error.what());
    return static_cast<int>(error.code());
  }
}
