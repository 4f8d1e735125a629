// Which services may run as a unit of this machine's systemd, outside of a sandbox of ours.
#ifndef SLIPWAY_BUILDER_TRIAL_SYSTEMD_LIMITS_H_
#define SLIPWAY_BUILDER_TRIAL_SYSTEMD_LIMITS_H_

#include <string>

#include "images/service/service.h"

namespace builder {

// Why a trial of this service, as its definition has it, keeps away from systemd: its unit could
// start or stop other units, run as root, take this machine's sockets or devices, or is one whose
// end nobody would see from outside. Empty: nothing of that.
std::string WhyNotUnderSystemd(const images::Service& service);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_SYSTEMD_LIMITS_H_
