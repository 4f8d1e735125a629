#include "base/keyed_hash.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/error.h"

namespace base {
namespace {

void Check(bool good) {
  if (!good) {
    Fail(ExitCode::kFailed, "libcrypto cannot compute GMAC here");
  }
}

}  // namespace

struct KeyedHash::Context {
  explicit Context(EVP_MAC_CTX* made) : mac(made) { Check(mac != nullptr); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MAC_CTX_free(mac); }

  EVP_MAC_CTX* mac;
};

std::string KeyedHash::NewKey() {
  std::array<uint8_t, kKeyBytes> key{};
  Check(RAND_bytes(key.data(), key.size()) == 1);
  return std::string(AsText(key));
}

KeyedHash::KeyedHash(const std::string& key) {
  // As for SHA-256: no modules that the machine's openssl.cnf names.
  Check(key.size() == kKeyBytes && OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1);
  EVP_MAC* const gmac = EVP_MAC_fetch(nullptr, "GMAC", nullptr);
  Check(gmac != nullptr);
  EVP_MAC_CTX* const made = EVP_MAC_CTX_new(gmac);
  EVP_MAC_free(gmac);  // `made` holds it
  keyed_ = std::make_unique<Context>(made);
  std::string cipher = "AES-128-GCM";
  std::array<uint8_t, 12> nonce{};
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, nonce.data(), nonce.size()),
      OSSL_PARAM_construct_end()};
  Check(EVP_MAC_init(keyed_->mac, AsBytes(key).data(), key.size(), parameters) == 1);
}

KeyedHash::~KeyedHash() = default;

KeyedHash::Value KeyedHash::Of(Bytes data) const {
  const Context context(EVP_MAC_CTX_dup(keyed_->mac));
  Value out{};
  size_t size_bytes = 0;
  Check(EVP_MAC_update(context.mac, data.data(), data.size()) == 1 &&
        EVP_MAC_final(context.mac, out.data(), &size_bytes, out.size()) == 1 &&
        size_bytes == out.size());
  return out;
}

}  // namespace base
