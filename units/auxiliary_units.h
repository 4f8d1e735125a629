// Renders hooks and the check "exec", which run beside a service, in its sandbox and as its user.
// Each is a oneshot unit, rendered with the service's unit from the same lines.
#ifndef SLIPWAY_UNITS_AUXILIARY_UNITS_H_
#define SLIPWAY_UNITS_AUXILIARY_UNITS_H_

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "units/rendered_unit.h"

namespace units {

enum class AuxiliaryUnit { kBeforeStart, kAfterHealthy, kCheck };
inline constexpr std::array kAuxiliaryUnits = {AuxiliaryUnit::kBeforeStart,
                                               AuxiliaryUnit::kAfterHealthy, AuxiliaryUnit::kCheck};
const char* ToText(AuxiliaryUnit task);  // "before-start"

inline constexpr const char* kTimeoutOption = "TimeoutStartSec";  // of each command of a task
inline constexpr uint64_t kTaskStopSeconds = 10;                  // from SIGTERM to SIGKILL

// "web.service" -> "web:check.service". No service can be called that.
std::string AuxiliaryUnitName(const std::string& service_unit, AuxiliaryUnit task);

// Those that the service has, and how long each may take, all its commands together.
std::map<AuxiliaryUnit, std::chrono::seconds> TaskLimits(const images::Service& service);

// By service and task; see Render.
std::vector<RenderedUnit> RenderAuxiliaryUnits(
    const images::StoredManifest& stored, const std::string& version_path,
    images::SecretForm form = images::SecretForm::kEncrypted);

}  // namespace units

#endif  // SLIPWAY_UNITS_AUXILIARY_UNITS_H_
