// File names are bytes, JSON is UTF-8.
#ifndef SLIPWAY_BUILDER_SOURCE_UTF8_H_
#define SLIPWAY_BUILDER_SOURCE_UTF8_H_

#include <string>
#include <string_view>

namespace builder {

// `text` where it is UTF-8; otherwise the bytes that are not are written "\xE9".
std::string AsUtf8(std::string_view text);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_SOURCE_UTF8_H_
