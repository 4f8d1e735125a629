// A unit as sections of lines, before it becomes text.
#ifndef SLIPWAY_UNITS_UNIT_TEXT_H_
#define SLIPWAY_UNITS_UNIT_TEXT_H_

#include <string>
#include <utility>
#include <vector>

#include "images/service/service.h"

namespace units {

using Line = std::pair<std::string, std::string>;  // option, value

struct Section {
  std::string name;
  std::vector<Line> lines;
  void Add(std::string option, std::string value) {
    lines.emplace_back(std::move(option), std::move(value));
  }
};

using Sections = std::vector<Section>;

// Where a unit stands among the host's. It comes after the boot unit. `systemctl isolate` leaves it
// alone, as nothing wants it: it goes with slipway.target instead, which multi-user.target wants.
// Wants= of that target would be the shorter way, but would keep the unit in systemd's memory, and
// every switch would have to reload systemd while services are down.
void AddPlace(Section& unit);

// The definition's own lines, last: each takes the place of ours of the same option, or is added
// where systemd adds such lines up. Those of sections named in `others` belong to another unit of
// the service. Throws Error{kFailed} for what the definition has a field for.
void ApplyDirectives(const images::Service& service, const std::vector<std::string>& others,
                     Sections& sections);

// `written_for`: what the first line says it is written for.
std::string ToText(const std::string& written_for, const Sections& sections);

}  // namespace units

#endif  // SLIPWAY_UNITS_UNIT_TEXT_H_
