#include "activator/gate_view.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

#include "activator/report/logs_command.h"
#include "base/error.h"

namespace activator {
namespace {

UnitNames UnitsOf(const GateOperator& who, const images::HostLayout& layout) {
  UnitNames out;
  for (const std::string& application : who.applications) {
    try {
      out = out + UnitsOfApplication(layout, application);
    } catch (const base::Error&) {  // it has no units, or is not there
    }
  }
  return out;
}

// Whether the text names one of the units, and not another whose name ends or begins so.
bool IsAbout(const std::string& text, const UnitNames& units) {
  const auto is_of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_.:@\\").find(c) != std::string_view::npos;
  };
  return std::ranges::any_of(units, [&](const std::string& unit) {
    const size_t at = text.find(unit);
    const size_t end = at + unit.size();
    return at != std::string::npos && (at == 0 || !is_of_name(text[at - 1])) &&
           (end == text.size() || !std::isalnum(static_cast<unsigned char>(text[end])));
  });
}

template <typename Value>
void KeepKeys(const GateOperator& who, std::map<std::string, Value>& map) {
  std::erase_if(map, [&](const auto& entry) { return !who.Has(entry.first); });
}

void KeepTheirs(const GateOperator& who, Generation& generation) {
  const bool is_theirs = std::ranges::all_of(
      generation.changes, [&](const auto& change) { return who.Has(change.first); });
  if (!is_theirs) {
    generation.reason.clear();
    generation.by.clear();
  }
  KeepKeys(who, generation.apps);
  KeepKeys(who, generation.changes);
}

}  // namespace

InstalledUnits TheirsOf(const GateOperator& who, const images::HostLayout& layout,
                        const InstalledUnits& units) {
  return Select(units, UnitsOf(who, layout));
}

void KeepTheirs(const GateOperator& who, const images::HostLayout& layout, Status& status) {
  const UnitNames theirs = UnitsOf(who, layout);
  std::erase_if(status.units, [&](const UnitStatus& unit) { return !Contains(theirs, unit.name); });
  if (status.generation) {
    KeepTheirs(who, *status.generation);
  }
  KeepKeys(who, status.versions);
  KeepKeys(who, status.names);
  KeepKeys(who, status.releases);
  if (status.switch_record) {
    status.switch_record->by.clear();
  }
  // Of the whole host: for root to read.
  status.unreadable.clear();
  std::erase_if(status.drift, [&](const std::string& text) { return !IsAbout(text, theirs); });
  status.found_healthy.reset();
  status.last_activation.reset();
}

void KeepTheirs(const GateOperator& who, Listing& listing) {
  for (Generation& generation : listing.generations) {
    KeepTheirs(who, generation);
  }
  std::erase_if(listing.generations, [&](const Generation& generation) {
    return generation.apps.empty() && generation.number != listing.active;
  });
  listing.unreadable.clear();
}

}  // namespace activator
