// imgpush doctor: what works on hosts, and what to do about what does not.
#ifndef SLIPWAY_PUSHER_DOCTOR_H_
#define SLIPWAY_PUSHER_DOCTOR_H_

#include "base/io.h"
#include "pusher/arguments.h"

namespace pusher {

// Asks the hosts of the command line, all at once, and writes a table for each. Nothing is
// installed or changed there. Returns 0 where a push and an activation of the images would work on
// every host, 1 where not or where it could not be found out, 7 where a host was not reached.
int RunDoctor(Arguments arguments, const base::Io& io);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_DOCTOR_H_
