#include "builder/provenance.h"

#include "base/clock.h"
#include "base/version.h"
#include "images/json_fields.h"

namespace builder {

std::string MakeProvenance(const images::Definition& definition, const NixClosure& closure) {
  images::Json derivers = images::Json::object();
  for (size_t i = 0; i < closure.paths.size(); ++i) {
    derivers[closure.paths[i].path] = closure.derivers[i];
  }
  images::Json source = images::Json::object();
  if (definition.source.file) {
    source = {{"file", *definition.source.file}, {"attr", definition.source.attr}};
  } else {
    source = {{"path", *definition.source.path}};
  }
  const images::Json json = {{"format", 1},
                             {"built_at", base::ToIso8601(base::SystemClock().Now())},
                             {"built_by", std::string("imgbuild ") + base::kVersion},
                             {"source", {{"nix", source}}},
                             {"main_path", closure.main_path},
                             {"derivers", derivers}};
  // A path may be no UTF-8; this file is for people, so such bytes are shown as replaced.
  return json.dump(2, ' ', false, images::Json::error_handler_t::replace) + "\n";
}

}  // namespace builder
