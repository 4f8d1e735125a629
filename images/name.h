// Strong types for ids, and checks for names that become path components and unit names. Text from
// a peer or a file passes a check first.
#ifndef SLIPWAY_IMAGES_NAME_H_
#define SLIPWAY_IMAGES_NAME_H_

#include <compare>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"

namespace images {

// Throws an Error of `code` unless `name` is 1 to 64 of a-z, 0-9, '-', '_', '.', starts with a
// letter or digit, and is not a name that the host's layout uses. `what` says what is named ("image
// name", "service name").
void CheckName(std::string_view name, std::string_view what,
               base::ExitCode code = base::ExitCode::kUsage);

// Whether it does not throw.
bool IsName(std::string_view name);

// What systemd takes as the name of a credential, and of a file: 1 to 255 letters, digits, '-', '_'
// and '.', not starting with '.'.
bool IsCredentialName(std::string_view name);
// The same of a secret, beside whose file others stand that are called after it: up to 240.
bool IsSecretName(std::string_view name);

// Whether `path` means the same inside every root: absolute, not "/" itself, no empty, "." or ".."
// components, none longer than the kernel's 255 bytes, no newline and no NUL byte.
bool IsPlainAbsolutePath(std::string_view path);

// The first 16 hexadecimal digits of the manifest's SHA-256: an image's directory name.
class ImageId {
 public:
  static ImageId Of(const base::Sha256& manifest_digest);
  // Throws Error{kUsage} for anything but 16 lower-case hexadecimal digits.
  static ImageId Parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const ImageId&) const = default;

 private:
  explicit ImageId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace images

#endif  // SLIPWAY_IMAGES_NAME_H_
