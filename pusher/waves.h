// Many hosts a few at a time: each wave is pushed to and activated before the next begins.
#ifndef SLIPWAY_PUSHER_WAVES_H_
#define SLIPWAY_PUSHER_WAVES_H_

#include <cstddef>
#include <string>

#include "base/io.h"
#include "hosts/progress_display.h"
#include "pusher/arguments.h"
#include "pusher/fleet.h"

namespace pusher {

// Throws as WaveEnds does, and says on io.err where no host is tried before the others.
void CheckWaves(const std::string& waves, size_t hosts, const base::Io& io);

// After a plan: where a host's plan failed, its wave and the later ones are left out, and a line
// says so, unless the arguments say to go on.
void LeaveOutFailedPlans(Fleet& fleet, const Arguments& arguments, hosts::ProgressDisplay& board);

// Pushes and activates wave by wave. After a wave it waits as long as the arguments say, and then
// asks its hosts whether what was activated still runs and is healthy. Where a host of a wave
// failed, the rest is not begun, unless the arguments say to go on.
void RunInWaves(Fleet& fleet, const Arguments& arguments, hosts::ProgressDisplay& board);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_WAVES_H_
