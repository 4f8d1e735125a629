#include "units/starters.h"

#include <algorithm>

#include "base/error.h"
#include "units/escape.h"
#include "units/rendered_unit.h"
#include "units/unit_text.h"

namespace units {
namespace {

std::string WrittenFor(const std::string& image, const std::string& name) {
  return fmt::format("the service {} of the image {}, whatever its version", name, image);
}

Section UnitSection(const std::string& what, const std::string& name) {
  Section out{"Unit", {}};
  out.Add("Description", fmt::format("{} of {}", what, ForPeople(name)));
  AddPlace(out);
  return out;
}

bool IsPath(const std::string& listen) { return listen.starts_with('/'); }

}  // namespace

std::string SocketText(const std::string& image, const std::string& name,
                       const images::Service& service) {
  Sections sections = {UnitSection("Sockets", name), {"Socket", {}}};
  Section& unit = sections.front();
  // By default a socket is ordered before sockets.target, and so before the boot unit, which it
  // comes after.
  unit.Add("DefaultDependencies", "no");
  unit.Add("Conflicts", "shutdown.target");
  unit.Add("Before", "shutdown.target");
  for (const std::string& listen : service.listen) {
    sections.back().Add("ListenStream", WholePath(listen));
  }
  if (std::any_of(service.listen.begin(), service.listen.end(), &IsPath)) {
    sections.back().Add("RemoveOnStop", "yes");
  }
  ApplyDirectives(service, {"Unit", "Service", "Timer", "Install"}, sections);
  return ToText(WrittenFor(image, name), sections);
}

std::string TimerText(const std::string& image, const std::string& name,
                      const images::Service& service) {
  Sections sections = {UnitSection("Schedule", name), {"Timer", {}}};
  sections.back().Add("OnCalendar", *service.schedule);
  sections.back().Add("Persistent", "yes");
  ApplyDirectives(service, {"Unit", "Service", "Socket", "Install"}, sections);
  return ToText(WrittenFor(image, name), sections);
}

}  // namespace units
