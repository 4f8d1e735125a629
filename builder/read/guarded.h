// Work that reads an image which may be damaged, in a process of its own: upstream's reader may go
// round in a circle, take all memory or crash on such a one.
#ifndef SLIPWAY_BUILDER_READ_GUARDED_H_
#define SLIPWAY_BUILDER_READ_GUARDED_H_

#include <functional>
#include <string>

namespace builder {

// Runs `work` in a child process and waits for it. What it throws is thrown here; where it crashes
// or one step takes too much CPU time or memory, Error{kVerification} that names the image. When we
// are interrupted, the child ends too. Only the calling thread exists in the child, and nothing
// that `work` changes in memory is seen here.
void RunGuarded(const std::string& image_path, const std::function<void()>& work);

// A step of the work is over: the time of the next one starts. Nothing outside of RunGuarded().
void StartNextStep();

}  // namespace builder

#endif  // SLIPWAY_BUILDER_READ_GUARDED_H_
