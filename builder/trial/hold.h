// A tiny static program that stops itself, and when it is continued becomes the program that its
// arguments name. So whoever wants to follow a service that systemd starts is there in time; it
// needs no library, which an image may lack.
#ifndef SLIPWAY_BUILDER_TRIAL_HOLD_H_
#define SLIPWAY_BUILDER_TRIAL_HOLD_H_

#include <string>

namespace builder {

// Writes it, executable, to `path`. False: not for this machine's processor.
bool WriteHold(const std::string& path);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_HOLD_H_
