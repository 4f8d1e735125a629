// What --wave asks for.
#ifndef SLIPWAY_PUSHER_WAVE_ENDS_H_
#define SLIPWAY_PUSHER_WAVE_ENDS_H_

#include <cstddef>
#include <string>
#include <vector>

namespace pusher {

// "1,25%,100%": how many of `hosts` hosts are done after each wave, growing; the last is all of
// them. Throws Error{kUsage} where it is not such a list. Empty text: one wave.
std::vector<size_t> WaveEnds(const std::string& waves, size_t hosts);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_WAVE_ENDS_H_
