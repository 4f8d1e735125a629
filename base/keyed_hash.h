// A 128-bit hash under a secret key: GMAC (NIST SP 800-38D) with one nonce, by OpenSSL's libcrypto;
// several times as fast as SHA-256. Two contents of up to 1 GiB collide under a 2^-100th of the
// keys, so nobody can search for a collision without the key. The hash means nothing under another
// key, so it must not leave the machine.
#ifndef SLIPWAY_BASE_KEYED_HASH_H_
#define SLIPWAY_BASE_KEYED_HASH_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"

namespace base {

class KeyedHash {
 public:
  static constexpr size_t kKeyBytes = 16;
  using Value = std::array<uint8_t, 16>;

  // Random.
  static std::string NewKey();

  explicit KeyedHash(const std::string& key);
  ~KeyedHash();
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;

  // Threads may use one object at once.
  Value Of(Bytes data) const;

 private:
  struct Context;
  std::unique_ptr<Context> keyed_;
};

}  // namespace base

#endif  // SLIPWAY_BASE_KEYED_HASH_H_
