// Checks that a service may execute a program of its image, as the user that its unit names.
#ifndef SLIPWAY_ACTIVATOR_SWITCH_PROGRAM_ACCESS_H_
#define SLIPWAY_ACTIVATOR_SWITCH_PROGRAM_ACCESS_H_

#include <sys/stat.h>

#include "images/service/service.h"

namespace activator {

// By the numbers that an OCI image's user became (User= and Group= in its directives). A user by
// name or a dynamic one is nobody's owner and in nobody's group: everybody must be allowed to.
bool MayExecute(const struct stat& program, const images::Service& service);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_SWITCH_PROGRAM_ACCESS_H_
