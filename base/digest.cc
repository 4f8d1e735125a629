#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hex.h"

namespace base {

struct Sha256Hasher::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(evp); }

  void Start() const {
    // The agent is static: the host's openssl.cnf must not make it load modules of the host.
    static const int kReady = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    if (kReady != 1 || evp == nullptr || EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) != 1) {
      Fail(Code::kFailed, "libcrypto cannot compute SHA-256 here");
    }
  }
};

std::string Sha256::ToHex() const { return base::ToHex(bytes); }

std::optional<Sha256> Sha256::FromHex(std::string_view digits) {
  Sha256 out;
  if (!base::FromHex(digits, out.bytes)) {
    return std::nullopt;
  }
  return out;
}

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) { context_->Start(); }
Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::Update(std::span<const uint8_t> data) {
  if (EVP_DigestUpdate(context_->evp, data.data(), data.size()) != 1) {
    Fail(Code::kFailed, "libcrypto cannot compute SHA-256 here");
  }
}

Sha256 Sha256Hasher::Finish() {
  Sha256 out;
  if (EVP_DigestFinal_ex(context_->evp, out.bytes.data(), nullptr) != 1) {
    Fail(Code::kFailed, "libcrypto cannot compute SHA-256 here");
  }
  context_->Start();
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
