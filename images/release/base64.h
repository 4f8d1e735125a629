// Base64 (RFC 4648) as ssh writes it: with padding, and only one text for the same bytes.
#ifndef SLIPWAY_IMAGES_RELEASE_BASE64_H_
#define SLIPWAY_IMAGES_RELEASE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace images {

std::string ToBase64(std::string_view bytes);
// nullopt for anything that ToBase64 does not write.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace images

#endif  // SLIPWAY_IMAGES_RELEASE_BASE64_H_
