// The options that systemd knows, by section. They find a misspelt line of `directives` where it
// was written; systemd itself ignores options that it does not know.
#ifndef SLIPWAY_IMAGES_SERVICE_UNIT_OPTIONS_H_
#define SLIPWAY_IMAGES_SERVICE_UNIT_OPTIONS_H_

#include <string>

namespace images {

// Why `option` cannot stand in `section` (Unit, Service, Socket, Timer or Install), with the
// nearest one that can; empty: it can.
std::string UnknownOptionProblem(const std::string& section, const std::string& option);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_UNIT_OPTIONS_H_
