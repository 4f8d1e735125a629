#include "activator/report/logs_command.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <set>

#include "activator/host/installed_units.h"
#include "activator/os/journal.h"
#include "activator/report/listener.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/printable.h"

namespace activator {
namespace {

constexpr uint64_t kUsualLines = 100;

std::string Stem(const std::string& unit) { return unit.substr(0, unit.rfind('.')); }

// A timer and a socket are called as their service.
void AddUnits(const InstalledUnits& units, const std::string& folder, std::set<std::string>& out) {
  std::set<std::string> stems;
  for (const auto& [name, unit] : units) {
    if (unit.image_path.starts_with(folder)) {
      stems.insert(Stem(name));
      for (const units::AuxiliaryUnit task : units::kAuxiliaryUnits) {
        out.insert(units::AuxiliaryUnitName(name, task));
      }
    }
  }
  for (const auto& [name, unit] : units) {
    if (stems.contains(Stem(name))) {
      out.insert(name);
    }
  }
}

// None where a prune has taken it away meanwhile.
InstalledUnits UnitsIfThere(const images::HostLayout& layout, uint64_t generation) {
  try {
    return LoadUnits(layout, generation);
  } catch (const base::Error&) {
    if (base::Exists(layout.Generation(generation))) {
      throw;
    }
    return {};
  }
}

}  // namespace

UnitNames UnitsOfApplication(const images::HostLayout& layout, const std::string& name) {
  std::set<std::string> out;
  std::set<std::string> applications;
  for (const Generation& generation : LoadGenerations(layout)) {
    for (const auto& [application, digest] : generation.apps) {
      applications.insert(application);
    }
    if (generation.apps.contains(name)) {
      AddUnits(UnitsIfThere(layout, generation.number), layout.Application(name) + "/", out);
    }
  }
  if (out.empty() && applications.contains(name)) {
    base::Fail(base::ExitCode::kFailed, "{} has no services, so nothing of it writes a log", name);
  }
  if (out.empty()) {
    base::Fail(
        base::ExitCode::kFailed, "no generation has an application {}{}", name,
        applications.empty() ? "" : fmt::format("; there are: {}", fmt::join(applications, ", ")));
  }
  return {out.begin(), out.end()};
}

int RunLogs(const images::HostLayout& layout, const LogsOptions& options, const base::Io& io) {
  if (options.since) {
    CheckSince(*options.since);
  }
  JournalQuery query;
  query.units = UnitsOfApplication(layout, options.name);
  query.follow = options.follow;
  query.since = options.since.value_or("");
  query.json = options.json;
  query.most = options.lines;
  if (!query.most && query.since.empty()) {
    query.most = kUsualLines;
  }
  if (::geteuid() != 0) {
    io.Err("activate: shown is what you may read of the journal: root may read all\n");
  }
  bool any = false;
  try {
    ReadJournal(
        query,
        [&](std::string_view lines) {
          any = true;
          // A service wrote them: they must not drive the terminal.
          options.json ? io.WriteOut(lines) : io.WriteOut(base::PrintableLines(lines));
        },
        [&] { return SomebodyListens(io, options.until_input_ends, 0); });
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kInterrupted || !options.follow) {
      throw;
    }
    return 0;  // nobody ends it otherwise
  }
  if (!any && !options.follow) {
    io.Err("activate: the journal has nothing of {}\n", options.name);
  }
  return 0;
}

}  // namespace activator
