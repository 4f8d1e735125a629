// The tool imgpush: sends built images to hosts, and stages them there.
#ifndef SLIPWAY_PUSHER_IMGPUSH_H_
#define SLIPWAY_PUSHER_IMGPUSH_H_

#include <string>
#include <vector>

#include "base/io.h"

namespace pusher {

// `arguments` without the program's name. Returns the exit code: with several hosts the worst, 130
// and 4 before 3 before 7 before the others. Throws Error for what concerns no single host.
int RunImgpush(const std::vector<std::string>& arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_IMGPUSH_H_
