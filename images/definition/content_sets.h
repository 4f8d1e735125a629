// The run-time sets that contents.sets may name: files that programs open at run time although
// nothing in the programs says so (docs/formats/definition.md).
#ifndef SLIPWAY_IMAGES_DEFINITION_CONTENT_SETS_H_
#define SLIPWAY_IMAGES_DEFINITION_CONTENT_SETS_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace images {

struct ContentSet {
  std::string_view name;
  bool is_default = false;     // taken without contents.sets, where a file in the closure needs it
  bool of_any_source = false;  // data of the build machine's; the others are of ELF sources alone
};

inline constexpr std::string_view kDefaultSets = "default";  // stands for all that are

inline constexpr std::array<ContentSet, 16> kContentSets = {{{"certificates", false, true},
                                                             {"gconv", true},
                                                             {"gdk-pixbuf"},
                                                             {"gio"},
                                                             {"imagemagick"},
                                                             {"java", true},
                                                             {"locale", true},
                                                             {"node", true},
                                                             {"nss", true},
                                                             {"openssl", true},
                                                             {"perl", true},
                                                             {"python", true},
                                                             {"ruby", true},
                                                             {"tcl", true},
                                                             {"tk", true},
                                                             {"zoneinfo", false, true}}};

// Null for a name that is none.
const ContentSet* FindContentSet(std::string_view name);
// Whether contents.sets, where it is given, takes the set.
bool TakesSet(const std::optional<std::vector<std::string>>& sets, std::string_view name);

}  // namespace images

#endif  // SLIPWAY_IMAGES_DEFINITION_CONTENT_SETS_H_
