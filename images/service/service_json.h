// Services as JSON, the same in a definition and in a manifest. Included by format files alone.
#ifndef SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_

#include <string>

#include "base/json_fields.h"
#include "images/service/command_json.h"
#include "images/service/service.h"

namespace images {

// `path` says where the object stands, `code` what kind of error a bad one is.
Services ReadServices(const base::Json& object, const std::string& path, base::ExitCode code,
                      Programs programs = Programs::kResolved);
base::Json ToJson(const Services& services);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_SERVICE_JSON_H_
