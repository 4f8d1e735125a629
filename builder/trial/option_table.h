// What a trial makes of the options of a service's unit, in each of its two places.
#ifndef SLIPWAY_BUILDER_TRIAL_OPTION_TABLE_H_
#define SLIPWAY_BUILDER_TRIAL_OPTION_TABLE_H_

#include <string_view>

namespace builder {

// Whether a sandbox of namespaces does what the option says, or it has no meaning there.
bool IsAppliedInNamespaces(std::string_view option);

// Whether a definition may have it in a unit of this machine's systemd: it concerns the processes
// of the service alone, or a trial replaces it. Whatever is not known is taken for dangerous, also
// what a later systemd adds.
bool IsHarmlessUnderSystemd(std::string_view option);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_OPTION_TABLE_H_
