// Reads a rendered unit back, so that a sandbox without systemd follows the unit's own lines.
#ifndef SLIPWAY_BUILDER_TRIAL_UNIT_LINES_H_
#define SLIPWAY_BUILDER_TRIAL_UNIT_LINES_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace builder {

class UnitLines {
 public:
  // The section [Service] of `text`, which units::Render wrote for a service of this name.
  UnitLines(const std::string& text, std::string service);

  // The value that counts: the last one. nullopt: there is none.
  std::optional<std::string> Last(const std::string& option) const;
  bool IsOn(const std::string& option) const;
  // The words of all its lines; an empty line drops those before it.
  std::vector<std::string> Words(const std::string& option) const;
  // Each option once, sorted.
  std::vector<std::string> Options() const;

 private:
  std::string service_;
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_UNIT_LINES_H_
