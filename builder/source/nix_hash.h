// The spellings of a SHA-256 digest that Nix's programs use.
#ifndef SLIPWAY_BUILDER_SOURCE_NIX_HASH_H_
#define SLIPWAY_BUILDER_SOURCE_NIX_HASH_H_

#include <optional>
#include <string>
#include <string_view>

namespace builder {

// "sha256-BASE64" (as nix's JSON has it) or "sha256:BASE32" (nix-store) as "sha256:BASE32", which
// is the manifest's spelling; nullopt for anything else. Nix's base 32 has an alphabet of its own
// and starts with the last bits: src/libutil/hash.cc of Nix 2.8.
std::optional<std::string> NixHashOf(std::string_view text);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_NIX_HASH_H_
