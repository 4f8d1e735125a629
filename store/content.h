// What is written as an object: a text, or a file, which is never in memory as a whole.
#ifndef SLIPWAY_STORE_CONTENT_H_
#define SLIPWAY_STORE_CONTENT_H_

#include <cstdint>
#include <span>
#include <string>

#include "base/digest.h"
#include "base/unique_fd.h"

namespace store {

class Content {
 public:
  static Content Text(std::string text);
  // Opens the file and reads it once, for its digest. It must not change until it is written:
  // Error{kVerification} where it is found shorter; a store refuses other bytes.
  static Content File(const std::string& path);

  uint64_t size_bytes() const { return size_bytes_; }
  const base::Sha256& sha256() const { return sha256_; }
  // Fills the front of `out`; says how much of it: all but at the end.
  size_t Read(uint64_t offset, std::span<uint8_t> out) const;

 private:
  Content() = default;

  std::string text_;
  std::string path_;
  base::UniqueFd fd_;  // of a file
  uint64_t size_bytes_ = 0;
  base::Sha256 sha256_;
};

}  // namespace store

#endif  // SLIPWAY_STORE_CONTENT_H_
