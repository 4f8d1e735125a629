#include "units/unit_text.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "images/service/directives.h"
#include "units/rendered_unit.h"

namespace units {
namespace {

constexpr std::string_view kLineEnds("\n\r\0", 3);       // as systemd reads a unit
constexpr size_t kMaxLineBytes = (size_t{1} << 20) - 1;  // LONG_LINE_MAX of systemd

// Options of ours that systemd adds up: a directive of the same name is added, not put in place.
constexpr std::array<std::string_view, 14> kLists = {"PartOf",
                                                     "Wants",
                                                     "After",
                                                     "Requires",
                                                     "RequiresMountsFor",
                                                     "Environment",
                                                     "EnvironmentFile",
                                                     "ExecStartPre",
                                                     "LoadCredential",
                                                     "LoadCredentialEncrypted",
                                                     "BindReadOnlyPaths",
                                                     "BindPaths",
                                                     "ListenStream",
                                                     "OnCalendar"};

template <size_t N>
bool Contains(const std::array<std::string_view, N>& list, std::string_view option) {
  return std::find(list.begin(), list.end(), option) != list.end();
}

void CheckDirective(const std::string& section, const std::string& option,
                    const std::string& value) {
  if (const std::string why = images::DirectiveProblem(section, option, value); !why.empty()) {
    base::Fail(base::ExitCode::kFailed, "directives.{}.{} {}", section, option, why);
  }
}

void ApplyLine(const std::string& option, const std::string& value, Section& section) {
  const auto ours = std::find_if(section.lines.begin(), section.lines.end(),
                                 [&](const Line& line) { return line.first == option; });
  if (ours == section.lines.end() || Contains(kLists, option)) {
    section.Add(option, value);
  } else {
    ours->second = value;
  }
}

}  // namespace

void AddPlace(Section& unit) {
  // The boot unit wants network-online.target. Wanting it here would make every later start wait
  // for a network check that failed at boot.
  unit.Add("After", std::string(kBootUnit) + " network.target network-online.target");
  unit.Add("IgnoreOnIsolate", "yes");
  unit.Add("PartOf", kTarget);
  unit.Add("Wants", kTarget);
}

void ApplyDirectives(const images::Service& service, const std::vector<std::string>& others,
                     Sections& sections) {
  for (const auto& [name, lines] : service.directives) {
    if (std::find(others.begin(), others.end(), name) != others.end()) {
      continue;
    }
    auto section = std::find_if(sections.begin(), sections.end(),
                                [&n = name](const Section& s) { return s.name == n; });
    if (section == sections.end()) {
      section = sections.insert(sections.end(), Section{name, {}});
    }
    for (const auto& [option, value] : lines) {
      CheckDirective(name, option, value);
      ApplyLine(option, value, *section);
    }
  }
}

std::string ToText(const std::string& written_for, const Sections& sections) {
  std::string out = fmt::format(
      "# Written by Slipway for {}.\n"
      "# To change it, change the image's definition, or add a drop-in with systemctl edit.\n",
      written_for);
  for (const Section& section : sections) {
    out += "\n[" + section.name + "]\n";
    for (const auto& [option, value] : section.lines) {
      if (option.size() + value.size() >= kMaxLineBytes) {
        base::Fail(base::ExitCode::kFailed,
                   "the line {}= would be longer than the {} bytes that systemd reads", option,
                   kMaxLineBytes);
      }
      if (value.find_first_of(kLineEnds) != std::string::npos) {
        base::Fail(base::ExitCode::kFailed, "a line end cannot stand in {}=", option);
      }
      out += option;
      out += "=" + value + "\n";
    }
  }
  return out;
}

}  // namespace units
