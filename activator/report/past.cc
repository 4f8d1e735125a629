#include "activator/report/past.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "activator/state/app_version.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/printable.h"

namespace activator {
namespace {

// An older version's line does not have them; another event of the generation may.
void FindApps(const images::HostLayout& layout, Event& event) {
  const std::optional<Event> other = LastEvent(layout, [&](const Event& one) {
    return one.generation == event.generation && !one.apps.empty();
  });
  if (other) {
    event.apps = other->apps;
  } else if (const auto generation = FindGeneration(layout, event.generation)) {
    for (const auto& [name, digest] : generation->apps) {
      event.apps[name] = images::ImageId::Of(digest).text();
    }
  }
  for (const auto& [name, id] : event.apps) {
    const std::optional<images::ImageId> image = images::IdIfOne(id);
    if (std::string version = image ? ManifestVersionOf(layout, name, *image) : "";
        !version.empty()) {
      event.versions[name] = std::move(version);
    }
  }
}

}  // namespace

Past ReadPast(const images::HostLayout& layout, std::chrono::system_clock::time_point time) {
  std::optional<Event> next;  // the first activation after it
  std::optional<Event> found = LastEvent(layout, [&](const Event& event) {
    const auto its = base::FromIso8601(event.time);
    if (event.event != "activated" || !its) {
      return false;
    }
    if (*its > time) {
      next = event;
    }
    return *its <= time;
  });
  Past out{base::ToIso8601(time), {}};
  if (found) {
    out.activated = *std::move(found);
  } else if (next) {
    out.activated.generation = next->from;
  } else {
    base::Fail(base::ExitCode::kFailed, "the history of {} names no activation", layout.root());
  }
  if (out.activated.generation != kNoGeneration && out.activated.apps.empty()) {
    FindApps(layout, out.activated);
  }
  return out;
}

std::string PastText(const Past& past) {
  const Event& event = past.activated;
  if (event.generation == kNoGeneration) {
    return fmt::format("At {} nothing was active\n", past.time);
  }
  std::string out = fmt::format("At {} generation {} was active", past.time, event.generation);
  if (!event.time.empty()) {
    out += fmt::format(" (activated {} by {})", event.time, event.by);
  }
  out += "\n";
  for (const auto& [name, id] : event.apps) {
    const auto version = event.versions.find(name);
    out += fmt::format("  {}/{}{}\n", name, id,
                       version == event.versions.end() ? "" : " (" + version->second + ")");
  }
  return base::PrintableLines(out + (event.apps.empty() ? "  (no application)\n" : ""));
}

}  // namespace activator
