// What is wrong with services though each field is right by itself. Asked of definitions alone: the
// images that were built stay readable.
#ifndef SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_
#define SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_

#include <optional>
#include <string>

#include "images/service/service.h"

namespace images {

struct FieldProblem {
  std::string field;  // "services.nginx.ports"
  std::string why;
};

// Whether the service says who it runs as. Otherwise systemd makes it a user, named after it.
bool NamesItsUser(const Service& service);

std::optional<FieldProblem> FindProblem(const Services& services);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_
