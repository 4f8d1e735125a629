// Which machine an image is for, where its source does not say: that of the services' programs.
#ifndef SLIPWAY_BUILDER_CONTENTS_PROGRAM_MACHINE_H_
#define SLIPWAY_BUILDER_CONTENTS_PROGRAM_MACHINE_H_

#include <string>

#include "builder/tree/tree.h"
#include "images/service/service.h"

namespace builder {

// As uname -m gives it; "" where no program is an ELF file. A script is for its interpreter's
// machine. Throws Error{kUsage} where no machine runs all programs. `services` are those that
// ResolveServices completed.
std::string MachineOfServices(const images::Services& services, const Tree& tree);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_CONTENTS_PROGRAM_MACHINE_H_
