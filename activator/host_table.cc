#include "activator/host_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/json_fields.h"
#include "base/printable.h"
#include "hosts/worst_code.h"

namespace activator {
namespace {

using base::Json;

// Discarded where it is none, or nested so deeply that a host may mean harm.
Json Parse(const std::string& text) {
  try {
    return base::ParseJson(text, "", base::ExitCode::kFailed);
  } catch (const base::Error&) {
    return Json::value_t::discarded;
  }
}

const Json& At(const Json& object, const char* field) {
  static const Json kNothing;
  const auto found = object.is_object() ? object.find(field) : object.end();
  return object.is_object() && found != object.end() ? *found : kNothing;
}

std::string Text(const Json& value, const std::string& otherwise = "") {
  if (value.is_string()) {
    return base::Printable(value.get<std::string>());
  }
  return value.is_number_unsigned() ? std::to_string(value.get<uint64_t>()) : otherwise;
}

std::vector<std::string> TextsOf(const Json& list) {
  std::vector<std::string> out;
  for (const Json& one : list.is_array() ? list : Json::array()) {
    out.push_back(Text(one));
  }
  return out;
}

const char* WhatCodeSays(int code) {
  switch (code) {
    case 3:
      return "rolled back";
    case 4:
      return "needs attention";
    case 5:
      return "busy";
    case 7:
      return "not reached";
    case 130:
      return "interrupted";
    default:
      return "failed";
  }
}

struct Row {
  std::vector<std::string> cells;
  std::vector<std::string> below;
};

std::string TableOf(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.cells.size()));
    for (size_t i = 0; i + 1 < row.cells.size(); ++i) {  // the last may be as long as it likes
      widths[i] = std::max(widths[i], row.cells[i].size());
    }
  }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      line += fmt::format("{:<{}}", row.cells[i], i + 1 < row.cells.size() ? widths[i] + 2 : 0);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
    for (const std::string& text : row.below) {
      out += "  " + base::Printable(text) + "\n";
    }
  }
  return out;
}

std::string StateText(const Json& status) {
  if (const Json& record = At(status, "switch"); record.is_object()) {
    const Json& in_progress = At(record, "in_progress");
    return in_progress.is_boolean() && !in_progress.get<bool>() ? "CUT OFF" : "switching";
  }
  const Json& matches = At(status, "matches_current");
  const bool is_failing = !TextsOf(At(status, "failing")).empty();  // which is a mismatch, too
  if (!TextsOf(At(status, "drift")).empty() || !TextsOf(At(status, "down")).empty() ||
      (!is_failing && matches.is_boolean() && !matches.get<bool>())) {
    return "DIFFERS";
  }
  if (is_failing || !TextsOf(At(status, "unhealthy")).empty()) {
    return "UNHEALTHY";
  }
  return At(status, "active").is_null() ? "nothing is active" : "ok";
}

std::string UnitsText(const Json& status) {
  const size_t units = At(status, "units").size();
  const size_t down = TextsOf(At(status, "down")).size();
  return down == 0 ? std::to_string(units) : fmt::format("{}, {} down", units, down);
}

// "web/83bf2a6d6fb73136 (1.28.0)"; of an older activate, where a unit tells what it calls itself.
std::string ApplicationsText(const Json& status) {
  std::vector<std::string> out;
  const Json& apps = At(At(status, "generation"), "apps");
  if (!apps.is_object()) {
    return "";
  }
  for (const auto& [name, app] : apps.items()) {
    std::string text = base::Printable(name) + "/" + Text(At(app, "id"));
    if (const std::string version = Text(At(app, "version")); !version.empty()) {
      out.push_back(fmt::format("{} ({})", text, version));
      continue;
    }
    for (const Json& unit : At(status, "units")) {
      const std::string version = Text(At(unit, "version"));
      text = version.starts_with(text) ? version : text;
    }
    out.push_back(text);
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

Row StatusRow(const HostReport& report) {
  const Json status = Parse(report.out);
  if (!report.begun || !status.is_object()) {
    return {{report.name, "-", "-", Failure(report)}, report.said};
  }
  Row out = {{report.name, Text(At(status, "active"), "-"), UnitsText(status), StateText(status),
              ApplicationsText(status)},
             {}};
  for (const char* field : {"drift", "down", "failing", "unhealthy"}) {
    const std::vector<std::string> texts = TextsOf(At(status, field));
    out.below.insert(out.below.end(), texts.begin(), texts.end());
  }
  out.below.insert(out.below.end(), report.said.begin(), report.said.end());
  return out;
}

Row SwitchRow(const HostReport& report) {
  if (!IsSwitched(report)) {
    return {{report.name, IsWell(report) ? "done" : Failure(report)}, report.said};
  }
  const Json event = Parse(report.out);
  const Json& duration = At(event, "duration_ms");
  return {{report.name, fmt::format("generation {} {}{}", Text(At(event, "generation"), "?"),
                                    Text(At(event, "event"), "done"),
                                    duration.is_number_unsigned()
                                        ? fmt::format(" in {:.1f} s", duration.get<double>() / 1000)
                                        : "")},
          {}};
}

template <typename MakeRow>
std::string RowsOf(const std::vector<HostReport>& reports, Row head, const MakeRow& make) {
  std::vector<Row> rows = {std::move(head)};
  for (const HostReport& report : reports) {
    rows.push_back(make(report));
  }
  return TableOf(rows);
}

Json ReportOf(const HostReport& report) {
  const std::vector<std::string> lines = base::LinesOf(report.out);
  if (lines.empty()) {
    return nullptr;
  }
  if (Json whole = Parse(report.out); !whole.is_discarded()) {
    return whole;
  }
  Json out = Json::array();
  for (const std::string& line : lines) {
    out.push_back(Parse(line));
    if (out.back().is_discarded()) {
      return report.out;
    }
  }
  return out;
}

}  // namespace

std::string Failure(const HostReport& report) {
  return report.begun
             ? fmt::format("{} (exit code {})", WhatCodeSays(report.exit_code), report.exit_code)
             : "not begun";
}

bool IsWell(const HostReport& report) { return report.begun && report.exit_code == 0; }

bool IsSwitched(const HostReport& report) {
  return IsWell(report) && Parse(report.out).is_object();
}

std::string StatusTable(const std::vector<HostReport>& reports) {
  return RowsOf(reports, {{"HOST", "GENERATION", "UNITS", "STATE", "APPLICATIONS"}, {}},
                &StatusRow);
}

std::string SwitchTable(const std::vector<HostReport>& reports) {
  return RowsOf(reports, {{"HOST", "OUTCOME"}, {}}, &SwitchRow);
}

std::string HostLine(const std::string& name, size_t width, const std::string& line) {
  return fmt::format("{:<{}}  {}\n", name, width, base::PrintableLines(line));
}

size_t NameWidth(const std::vector<HostReport>& reports) {
  size_t out = 0;
  for (const HostReport& report : reports) {
    out = std::max(out, report.name.size());
  }
  return out;
}

std::string LinesTable(const std::vector<HostReport>& reports) {
  const size_t width = NameWidth(reports);
  std::string out;
  for (const HostReport& report : reports) {
    for (const std::string& line : base::LinesOf(report.out)) {
      out += HostLine(report.name, width, line);
    }
    if (IsWell(report)) {
      continue;
    }
    out += HostLine(report.name, width, Failure(report));
    for (const std::string& line : report.said) {
      out += HostLine(report.name, width, "  " + line);
    }
  }
  return out;
}

std::string ReportsJson(const std::vector<HostReport>& reports) {
  Json out = Json::array();
  for (const HostReport& report : reports) {
    out.push_back({{"host", report.name},
                   {"exit_code", report.begun ? report.exit_code : ExitCodeOf({report})},
                   {"report", ReportOf(report)},
                   {"said", report.said}});
  }
  return base::DumpJson(out, 2) + "\n";
}

std::string LineJson(const std::string& name, const std::string& line) {
  Json report = Parse(line);
  return base::DumpJson(
             {{"host", name}, {"report", report.is_discarded() ? Json(line) : std::move(report)}}) +
         "\n";
}

int ExitCodeOf(const std::vector<HostReport>& reports) {
  constexpr int kInterrupted = 130;
  int out = 0;
  for (const HostReport& report : reports) {
    out = hosts::WorseOf(out, report.begun ? report.exit_code : kInterrupted);
  }
  return out;
}

}  // namespace activator
