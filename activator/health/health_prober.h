// Asks the checks of services that are being watched, again and again, one try at a time. Belongs
// to one wait and one thread.
#ifndef SLIPWAY_ACTIVATOR_HEALTH_HEALTH_PROBER_H_
#define SLIPWAY_ACTIVATOR_HEALTH_HEALTH_PROBER_H_

#include <chrono>
#include <map>
#include <string>

#include "activator/health/auxiliary_units.h"
#include "activator/host/host.h"
#include "activator/host/installed_units.h"

namespace activator {

class HealthProber {
 public:
  HealthProber(const Host& host, CheckRunner runner) : host_(host), runner_(runner) {}

  // Whether the unit's check passes, or it has none. Asks unless the last try was a moment ago; one
  // try takes `left` at most, but never less than a second.
  bool Pass(const std::string& name, const InstalledUnit& unit, std::chrono::milliseconds left);
  bool WasAsked(const std::string& name) const { return tries_.contains(name); }
  // How the last try went.
  const ProbeResult& Last(const std::string& name) const { return tries_.at(name).answer; }

 private:
  struct Try {
    ProbeResult answer;
    std::chrono::steady_clock::time_point next;
  };

  ProbeResult Ask(const std::string& name, const InstalledUnit& unit,
                  std::chrono::milliseconds left) const;

  const Host& host_;
  const CheckRunner runner_;
  std::map<std::string, Try> tries_;
};

// "its check http://127.0.0.1/"; for messages.
std::string CheckName(const images::Health& health);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HEALTH_HEALTH_PROBER_H_
