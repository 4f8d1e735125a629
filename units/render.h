// Renders the systemd units of an image's services. Pure: the same manifest at the same place gives
// the same text but for the description, so an application that did not change is not restarted.
//
// Units name the version's own directory and no generation. They have no [Install] section, because
// the boot unit (kBootUnit) starts them. The authority on their content is docs/units.md.
#ifndef SLIPWAY_UNITS_RENDER_H_
#define SLIPWAY_UNITS_RENDER_H_

#include <string>
#include <vector>

#include "images/version/host_layout.h"
#include "images/version/image_directory.h"
#include "units/rendered_unit.h"

namespace units {

// By service, its socket and its timer after it. `version_path` is the absolute path ROOT/NAME/ID
// on the host; `version` is what people call the version, for descriptions. Throws Error{kFailed}
// for what no unit can say, with the service's name. `form`: how that host keeps secrets.
std::vector<RenderedUnit> Render(const images::StoredManifest& stored,
                                 const std::string& version_path, const std::string& version,
                                 images::SecretForm form = images::SecretForm::kEncrypted);
// The same with what the manifest calls the version.
std::vector<RenderedUnit> Render(const images::StoredManifest& stored,
                                 const std::string& version_path,
                                 images::SecretForm form = images::SecretForm::kEncrypted);

// Whether nothing differs but descriptions: the same version may have been given another name
// since.
bool DifferInDescriptionAlone(const std::string& unit_text, const std::string& other);

}  // namespace units

#endif  // SLIPWAY_UNITS_RENDER_H_
