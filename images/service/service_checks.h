// Finds contradictions between fields of services that are valid one by one. Only definitions are
// checked, so that images that were built earlier stay readable.
#ifndef SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_
#define SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_

#include <string>
#include <vector>

#include "images/service/service.h"

namespace images {

struct FieldProblem {
  std::string field;  // "services.nginx.ports"
  std::string why;
};

// Whether the service says who it runs as. Otherwise systemd makes it a user, named after it.
bool NamesItsUser(const Service& service);

enum class UserCheck { kNow, kLater };

// What is wrong with `name` as a service's "user"; empty if nothing is.
std::string UserNameProblem(const std::string& name);

std::vector<FieldProblem> FindProblems(const Services& services, UserCheck user = UserCheck::kNow);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SERVICE_CHECKS_H_
