#include "images/version/verity_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

namespace images {
namespace {

constexpr uint64_t kBlock = kVerityBlockBytes;
constexpr uint64_t kDigestsInBlock = kBlock / sizeof(base::Sha256);
constexpr size_t kReadAtOnceBytes = 1 << 20;

// Blocks of each level of the tree, the lowest first. A single block of data needs none.
std::vector<uint64_t> BlocksOfLevels(uint64_t data_blocks) {
  std::vector<uint64_t> out;
  for (uint64_t blocks = data_blocks; blocks > 1;) {
    blocks = (blocks + kDigestsInBlock - 1) / kDigestsInBlock;
    out.push_back(blocks);
  }
  return out;
}

void Put(std::vector<uint8_t>& out, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    out[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

// struct verity_sb of cryptsetup's lib/verity/verity.c, in a block of its own.
std::vector<uint8_t> Superblock(uint64_t data_blocks, const base::Sha256& image_sha256) {
  constexpr std::string_view kSignature("verity\0\0", 8);
  constexpr std::string_view kAlgorithm = "sha256";
  std::vector<uint8_t> out(kBlock);
  std::ranges::copy(kSignature, out.begin());
  Put(out, 8, 1, 4);   // version
  Put(out, 12, 1, 4);  // hash type: the salt, of which there is none, comes first
  std::copy_n(image_sha256.bytes.begin(), 16, out.begin() + 16);
  out[22] = static_cast<uint8_t>((out[22] & 0x0fU) | 0x80U);  // a UUID of version 8 (RFC 9562)
  out[24] = static_cast<uint8_t>((out[24] & 0x3fU) | 0x80U);
  std::ranges::copy(kAlgorithm, out.begin() + 32);
  Put(out, 64, kBlock, 4);
  Put(out, 68, kBlock, 4);
  Put(out, 72, data_blocks, 8);
  return out;
}

}  // namespace

VerityTree::VerityTree(uint64_t image_bytes, Write write)
    : blocks_(image_bytes / kBlock), write_(std::move(write)) {
  if (blocks_ == 0 || image_bytes % kBlock != 0) {
    base::Fail(base::ExitCode::kVerification,
               "an image of {} bytes has no whole number of blocks of {} bytes, which verity needs",
               image_bytes, kBlock);
  }
  const std::vector<uint64_t> blocks = BlocksOfLevels(blocks_);
  levels_.resize(blocks.size());
  uint64_t offset = kBlock;  // after the superblock the highest level comes first
  for (size_t level = levels_.size(); level-- > 0;) {
    levels_[level].next_offset = offset;
    offset += blocks[level] * kBlock;
  }
}

uint64_t VerityTree::FileBytes(uint64_t image_bytes) {
  uint64_t blocks = 1;
  for (const uint64_t of_level : BlocksOfLevels(image_bytes / kBlock)) {
    blocks += of_level;
  }
  return blocks * kBlock;
}

void VerityTree::Update(base::Bytes data) {
  while (!data.empty()) {
    base::Bytes block = data.first(std::min<size_t>(data.size(), kBlock - block_.size()));
    data = data.subspan(block.size());
    if (block.size() < kBlock) {
      block_.insert(block_.end(), block.begin(), block.end());
      block = block_;
    }
    if (block.size() == kBlock) {
      ++seen_blocks_;
      AddDigest(0, base::Sha256Of(block));
      block_.clear();
    }
  }
}

void VerityTree::AddDigest(size_t level, const base::Sha256& digest) {
  if (level == levels_.size()) {
    root_ = digest;
    return;
  }
  std::vector<uint8_t>& block = levels_[level].block;
  block.insert(block.end(), digest.bytes.begin(), digest.bytes.end());
  if (block.size() == kBlock) {
    Flush(level);
  }
}

void VerityTree::Flush(size_t level) {
  Level& of = levels_[level];
  of.block.resize(kBlock);
  if (write_) {
    write_(of.next_offset, of.block);
  }
  of.next_offset += kBlock;
  const base::Sha256 digest = base::Sha256Of(of.block);
  of.block.clear();
  AddDigest(level + 1, digest);
}

base::Sha256 VerityTree::Finish(const base::Sha256& image_sha256) {
  if (seen_blocks_ != blocks_ || !block_.empty()) {
    base::Fail(base::ExitCode::kVerification, "an image has {} blocks, {} were expected",
               seen_blocks_, blocks_);
  }
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (!levels_[level].block.empty()) {
      Flush(level);
    }
  }
  if (write_) {
    write_(0, Superblock(blocks_, image_sha256));
  }
  return root_;
}

base::Sha256 VerityRootOfFile(const std::string& path) {
  const uint64_t size_bytes = base::FileSize(path);
  const base::UniqueFd fd = base::OpenForReading(path);
  VerityTree tree(size_bytes);
  for (uint64_t at = 0; at < size_bytes;) {
    base::ThrowIfInterrupted();
    const std::vector<uint8_t> piece = base::PRead(fd.get(), at, kReadAtOnceBytes, path);
    if (piece.empty()) {
      break;  // it was cut short meanwhile, which Finish says
    }
    tree.Update(piece);
    at += piece.size();
  }
  return tree.Finish({});
}

std::optional<base::Sha256> RootOfTree(const std::string& tree_path) {
  try {
    const base::UniqueFd fd = base::OpenForReading(tree_path);
    const std::vector<uint8_t> block = base::PRead(fd.get(), kBlock, kBlock, tree_path);
    return block.size() == kBlock ? std::optional(base::Sha256Of(block)) : std::nullopt;
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

VerityComparison::VerityComparison(const ImageDirectory& version)
    : facts_(version.manifest().image), path_(version.verity_path()) {
  if (!facts_.verity_root) {
    return;
  }
  try {
    file_ = base::OpenForReading(path_);
  } catch (const base::Error& error) {
    problem_ = error.what();
    return;
  }
  tree_.emplace(facts_.size_bytes,
                [this](uint64_t offset, base::Bytes block) { Compare(offset, block); });
}

void VerityComparison::Compare(uint64_t offset, base::Bytes block) {
  there_.resize(block.size());
  try {
    const size_t size = base::PReadInto(file_.get(), there_, offset, path_);
    if (problem_.empty() && (size < block.size() || !std::ranges::equal(there_, block))) {
      problem_ = fmt::format("{} is damaged", path_);
    }
  } catch (const base::Error& error) {  // a bad sector is as bad as a wrong byte
    problem_ = error.what();
  }
}

void VerityComparison::Update(base::Bytes data) {
  if (tree_) {
    tree_->Update(data);
  }
}

std::string VerityComparison::Finish() {
  if (tree_ && tree_->Finish(facts_.sha256) != *facts_.verity_root && problem_.empty()) {
    problem_ = "its verity root is not the one that its manifest names";
  }
  return problem_;
}

}  // namespace images
