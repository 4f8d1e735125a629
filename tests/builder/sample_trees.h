// Trees for tests of the writer: every length that the format treats differently, and random ones.
#ifndef SLIPWAY_TESTS_BUILDER_SAMPLE_TREES_H_
#define SLIPWAY_TESTS_BUILDER_SAMPLE_TREES_H_

#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "base/file.h"
#include "builder/read/check_image.h"
#include "builder/tree/tree.h"
#include "builder/write/erofs_writer.h"
#include "chunker/codec_table.h"

namespace tests {

inline std::string RandomBytes(std::mt19937_64& random, size_t length) {
  std::string out(length, '\0');
  for (char& c : out) {
    c = static_cast<char>(random());
  }
  return out;
}

// Compresses about three to one: words of a small vocabulary.
inline std::string RandomText(std::mt19937_64& random, size_t length) {
  std::string out;
  while (out.size() < length) {
    out += "word" + std::to_string(random() % 5000);
    out += random() % 9 == 0 ? "\n" : " ";
  }
  out.resize(length);
  return out;
}

// Lengths around every limit of the format: inline, block, packed, chunk, segment.
inline builder::Tree LimitsTree() {
  std::mt19937_64 random(7);
  builder::Tree tree;
  // 9000001: several segments; once, since noise is slow to try to compress.
  tree.AddLiteral("/large", RandomText(random, 9000001));
  for (const size_t length : {0UL, 1UL, 31UL, 32UL, 33UL, 4095UL, 4096UL, 4097UL, 8191UL, 8192UL,
                              8193UL, 65535UL, 65536UL, 65537UL, 131072UL, 1000000UL}) {
    const std::string name = std::to_string(length);
    tree.AddLiteral("/text/" + name, RandomText(random, length));
    tree.AddLiteral("/noise/" + name, RandomBytes(random, length), 0555);
    tree.AddLiteral("/zero/" + name, std::string(length, '\0'), 0444);
  }
  std::string mixed;
  for (int i = 0; i < 12; ++i) {
    mixed += RandomText(random, 100000);
    mixed += RandomBytes(random, 70001);
  }
  tree.AddLiteral("/mixed", mixed);
  tree.AddLiteral("/mixed-again", mixed);
  tree.AddLiteral("/mixed-shifted", "x" + mixed);
  tree.MakeDirectory("/empty");
  tree.AddSymlink("/link", "text/4096");
  tree.AddSymlink("/long-link", std::string(4000, 'l'));
  for (int i = 0; i < 1000; ++i) {
    tree.AddLiteral("/many/" + std::string(static_cast<size_t>(i % 200), 'n') + std::to_string(i),
                    "same");
  }
  std::string deep = "/deep";
  for (int i = 0; i < 100; ++i) {
    deep += "/d";
  }
  tree.MakeDirectory(deep);
  return tree;
}

// Up to a few MB; the same seed gives the same tree.
inline builder::Tree RandomTree(uint64_t seed) {
  std::mt19937_64 random(seed);
  builder::Tree tree;
  const size_t files = random() % 40;
  for (size_t i = 0; i < files; ++i) {
    std::string path;
    for (size_t depth = random() % 4; depth > 0; --depth) {
      path += "/dir" + std::to_string(random() % 4);
    }
    path += "/file" + std::to_string(i);
    const size_t length = random() % (size_t{1} << (random() % 21));
    if (random() % 8 == 0) {
      tree.AddSymlink(path, "target" + std::to_string(random()));
    } else {
      // One draw a statement: the order of a call's arguments is the compiler's choice.
      std::string content =
          random() % 2 == 0 ? RandomText(random, length) : RandomBytes(random, length);
      const mode_t permissions = random() % 2 == 0 ? 0444 : 0555;
      tree.AddLiteral(path, std::move(content), permissions);
    }
  }
  return tree;
}

struct Image : builder::WrittenImage {
  base::Sha256 sha256;
};

// Writes `tree` to `path` at a codec's usual level.
inline Image WriteImage(const builder::Tree& tree, const std::string& path,
                        const std::string& target, unsigned threads = 2, uint64_t level = 9,
                        uint64_t tail_reach_bytes = uint64_t{1} << 32) {
  const base::UniqueFd fd = base::Open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
  builder::WriteOptions options;
  options.codec = chunker::CodecFor(target, level);
  options.label = "test";
  options.threads = threads;
  options.tail_reach_bytes = tail_reach_bytes;
  Image out{builder::WriteErofs(tree, fd.get(), path, options, base::Io()), {}};
  out.sha256 = base::Sha256OfFile(path);
  builder::CheckImage(path);  // accepts all that we write
  return out;
}

}  // namespace tests

#endif  // SLIPWAY_TESTS_BUILDER_SAMPLE_TREES_H_
