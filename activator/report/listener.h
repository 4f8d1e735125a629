// Whether somebody still reads what is followed.
#ifndef SLIPWAY_ACTIVATOR_REPORT_LISTENER_H_
#define SLIPWAY_ACTIVATOR_REPORT_LISTENER_H_

#include "base/io.h"

namespace activator {

// Waits for up to `wait_ms` for the reader of io.out to go; true: they are there. With
// `until_input_ends` whoever follows from elsewhere holds our input open, too: a sudo with a
// terminal of its own between us would tell us of their end only with the next line.
bool SomebodyListens(const base::Io& io, bool until_input_ends, int wait_ms);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_REPORT_LISTENER_H_
