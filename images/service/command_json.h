// Reads and writes a service's commands as JSON. Included only by files of a format.
#ifndef SLIPWAY_IMAGES_SERVICE_COMMAND_JSON_H_
#define SLIPWAY_IMAGES_SERVICE_COMMAND_JSON_H_

#include <string>
#include <vector>

#include "base/json_fields.h"
#include "images/service/service.h"

namespace images {

// How a command names its program.
enum class Programs {
  kResolved,  // by an absolute path in the image: a manifest
  kNamed,     // or by a name without slashes, which is looked for in the image: a definition
  kBySource,  // or not at all, where the source says it: the service's own command stays empty
};

// Throw where the value cannot stand in a unit, or is no command.
void CheckText(const base::JsonFields& fields, const std::string& field, const std::string& value);
void CheckCommand(const base::JsonFields& fields, const std::string& field, const Command& command,
                  Programs programs);

std::vector<Command> ReadCommands(base::JsonFields& fields, const std::string& field,
                                  Programs programs);

}  // namespace images

#endif  // SLIPWAY_IMAGES_SERVICE_COMMAND_JSON_H_
