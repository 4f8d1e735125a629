// Services as JSON, the same in a definition and in a manifest. Included by format files alone.
#ifndef SLIPWAY_IMAGES_SERVICE_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_JSON_H_

#include <string>

#include "images/command_json.h"
#include "images/json_fields.h"
#include "images/service.h"

namespace images {

// `path` says where the object stands, `code` what kind of error a bad one is.
Services ReadServices(const Json& object, const std::string& path, base::Code code,
                      Programs programs = Programs::kResolved);
Json ToJson(const Services& services);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_JSON_H_
