// Whether this host can run an image, by looking at its content.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_CHECK_IMAGE_H_
#define SLIPWAY_ACTIVATOR_SWITCH_CHECK_IMAGE_H_

#include <string>

#include "images/version/image_directory.h"

namespace activator {

// Checks that it is what its manifest says, to the last byte, that the machine and its kernel can
// run it, and that programs and mount points are in it. Mounts it. Throws Error.
void CheckImage(const images::ImageDirectory& version);

// Checks what of the host the services bind: it is there, and a mount point where it has to be one.
// Throws Error.
void CheckBinds(const images::Services& services);

// A file inside the image; empty where there is none. Mounts it.
std::string ReadImageFile(const images::ImageDirectory& version, const std::string& path);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_CHECK_IMAGE_H_
