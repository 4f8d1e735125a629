// Reads and writes services as JSON, for definitions and manifests alike. Included only by formats.
#ifndef SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_

#include <string>

#include "base/json_fields.h"
#include "images/service/command_json.h"
#include "images/service/service.h"

namespace images {

// The field "services" of `parent`.
Services ReadServices(base::JsonFields& parent, Programs programs = Programs::kResolved);
base::Json ToJson(const Services& services);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_
