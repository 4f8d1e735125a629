// How a service is found healthy, and its hooks, as JSON. Included by format files alone.
#ifndef SLIPWAY_IMAGES_HEALTH_JSON_H_
#define SLIPWAY_IMAGES_HEALTH_JSON_H_

#include <cstdint>
#include <vector>

#include "images/command_json.h"
#include "images/json_fields.h"
#include "images/service.h"

namespace images {

// The fields "health" and "hooks" of `service`. `ports` are the service's.
Health ReadHealth(JsonFields& service, Programs programs, const std::vector<uint64_t>& ports,
                  base::Code code);
Hooks ReadHooks(JsonFields& service, Programs programs, base::Code code);

// What is not set is left out, so that a manifest without checks and hooks is what it always was.
Json ToJson(const Health& health);
Json ToJson(const Hooks& hooks);

}  // namespace images

#endif  // SLIPWAY_IMAGES_HEALTH_JSON_H_
