// Reads and writes a service's check and hooks as JSON. Included only by files of a format.
#ifndef SLIPWAY_IMAGES_SERVICE_HEALTH_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_HEALTH_JSON_H_

#include "base/json_fields.h"
#include "images/service/command_json.h"
#include "images/service/service.h"

namespace images {

// The fields "health" and "hooks" of `service`; its ports and sockets are in `read` already.
Health ReadHealth(base::JsonFields& service, Programs programs, const Service& read);
Hooks ReadHooks(base::JsonFields& service, Programs programs);

// What is not set is left out, so that a manifest without checks and hooks is what it always was.
base::Json ToJson(const Health& health);
base::Json ToJson(const Hooks& hooks);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_HEALTH_JSON_H_
