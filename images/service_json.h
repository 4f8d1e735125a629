// Services as JSON, the same in a definition and in a manifest. Included by format files alone.
#ifndef SLIPWAY_IMAGES_SERVICE_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_JSON_H_

#include <string>

#include "images/json_fields.h"
#include "images/service.h"

namespace images {

// `path` says where the object stands, `code` what kind of error a bad one is. With
// `exec_by_source` a service may leave out its command, which stays empty.
Services ReadServices(const Json& object, const std::string& path, base::Code code,
                      bool exec_by_source = false);
Json ToJson(const Services& services);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_JSON_H_
