#include "units/shared_user.h"

#include "base/digest.h"

namespace units {
namespace {

constexpr size_t kMaxUserBytes = 31;

}  // namespace

bool HasTasks(const images::Service& service) {
  return !service.hooks.IsEmpty() || !service.health.exec.empty();
}

std::string SharedUser(const std::string& service_name) {
  const bool is_user = service_name.size() <= kMaxUserBytes && service_name.front() >= 'a' &&
                       service_name.find('.') == std::string::npos;
  return is_user ? service_name : "slipway-" + base::Sha256Of(service_name).ToHex().substr(0, 16);
}

}  // namespace units
