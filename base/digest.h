// SHA-256 (FIPS 180-4), by OpenSSL's libcrypto.
#ifndef SLIPWAY_BASE_DIGEST_H_
#define SLIPWAY_BASE_DIGEST_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace base {

struct Sha256 {
  std::array<uint8_t, 32> bytes{};

  std::string ToHex() const;
  // 64 lower-case digits; nullopt for anything else.
  static std::optional<Sha256> FromHex(std::string_view digits);
  auto operator<=>(const Sha256&) const = default;
};

// One digest over many pieces. Not for use by two threads at once.
class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(const Sha256Hasher&) = delete;
  Sha256Hasher& operator=(const Sha256Hasher&) = delete;

  void Update(std::span<const uint8_t> data);
  // Ends the digest; the hasher is then as new.
  Sha256 Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

Sha256 Sha256Of(std::span<const uint8_t> data);
Sha256 Sha256Of(std::string_view text);
Sha256 Sha256OfFile(const std::string& path);

}  // namespace base

template <>
struct std::hash<base::Sha256> {
  size_t operator()(const base::Sha256& digest) const noexcept {
    size_t prefix = 0;  // a digest's bytes are as good as any hash of them
    std::memcpy(&prefix, digest.bytes.data(), sizeof prefix);
    return prefix;
  }
};

#endif  // SLIPWAY_BASE_DIGEST_H_
