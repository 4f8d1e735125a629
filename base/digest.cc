#include "base/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA-256 alone: EVP is half of the agent, which goes to hosts
#include <openssl/sha.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"

namespace base {

namespace {

void Check(int result) {
  if (result != 1) {
    Fail(ExitCode::kFailed, "libcrypto cannot compute SHA-256 here");
  }
}

}  // namespace

struct Sha256Hasher::Context {
  Context() { Check(SHA256_Init(&sha)); }
  SHA256_CTX sha;
};

std::string Sha256::ToHex() const { return base::ToHex(bytes); }

std::optional<Sha256> Sha256::FromHex(std::string_view digits) {
  Sha256 out;
  if (!base::FromHex(digits, out.bytes)) {
    return std::nullopt;
  }
  return out;
}

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) {}
Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::Update(std::span<const uint8_t> data) {
  Check(SHA256_Update(&context_->sha, data.data(), data.size()));
}

Sha256 Sha256Hasher::Finish() {
  Sha256 out;
  Check(SHA256_Final(out.bytes.data(), &context_->sha));
  Check(SHA256_Init(&context_->sha));
  return out;
}

Sha256 Sha256Of(std::span<const uint8_t> data) {
  Sha256Hasher hasher;
  hasher.Update(data);
  return hasher.Finish();
}

Sha256 Sha256Of(std::string_view text) { return Sha256Of(AsBytes(text)); }

Sha256 Sha256OfFile(const std::string& path) {
  const UniqueFd fd = OpenForReading(path);
  Sha256Hasher hasher;
  for (uint64_t offset = 0;;) {
    const std::vector<uint8_t> part = PRead(fd.get(), offset, 1 << 20, path);
    if (part.empty()) {
      return hasher.Finish();
    }
    hasher.Update(part);
    offset += part.size();
  }
}

}  // namespace base
