// Finds the image directories that a command line names: NAME is the newest build in the images
// directory, DIR is an image directory itself.
#ifndef SLIPWAY_IMAGES_VERSION_IMAGE_CHOICE_H_
#define SLIPWAY_IMAGES_VERSION_IMAGE_CHOICE_H_

#include <string>
#include <vector>

#include "images/version/image_directory.h"

namespace images {

// Throws Error{kUsage} that says what there is where `argument` is no image.
ImageDirectory ChooseImage(const std::string& images_directory, const std::string& argument);

// `arguments` empty: every name in `images_directory` that was built. Throws Error{kUsage},
// also where two are of one name.
std::vector<ImageDirectory> ChooseImages(const std::string& images_directory,
                                         const std::vector<std::string>& arguments);

}  // namespace images

#endif  // SLIPWAY_IMAGES_VERSION_IMAGE_CHOICE_H_
