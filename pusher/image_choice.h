// Which image directories a command line means: NAME is the newest build in the images directory,
// DIR an image directory itself.
#ifndef SLIPWAY_PUSHER_IMAGE_CHOICE_H_
#define SLIPWAY_PUSHER_IMAGE_CHOICE_H_

#include <string>
#include <vector>

#include "images/image_directory.h"

namespace pusher {

// `arguments` empty: every name in `images_directory` that was built. Throws Error{kUsage} that
// says what there is where an argument is no image, and where two are of one name.
std::vector<images::ImageDirectory> ChooseImages(const std::string& images_directory,
                                                 const std::vector<std::string>& arguments);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_IMAGE_CHOICE_H_
