// The definitions of images/catalog/*.json, which are compiled into the program.
#ifndef SLIPWAY_IMAGES_DEFINITION_CATALOG_H_
#define SLIPWAY_IMAGES_DEFINITION_CATALOG_H_

#include <map>
#include <string>

namespace images {

// Name -> text of the definition.
const std::map<std::string, std::string>& Catalog();

}  // namespace images

#endif  // SLIPWAY_IMAGES_DEFINITION_CATALOG_H_
