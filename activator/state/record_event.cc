#include "activator/state/record_event.h"

#include <optional>
#include <string_view>
#include <utility>

#include "activator/state/app_version.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"
#include "base/clock.h"

namespace activator {

void NameApps(const images::HostLayout& layout, const Apps& apps, Event& event) {
  event.apps.clear();
  event.versions.clear();
  for (const auto& [name, digest] : apps) {
    event.apps[name] = images::ImageId::Of(digest).text();
    if (std::string version = VersionOf(layout, name, digest); !version.empty()) {
      event.versions[name] = std::move(version);
    }
  }
}

uint64_t RecordEvent(const images::HostLayout& layout, Event event) {
  if (const std::optional<Generation> generation = FindGeneration(layout, event.generation)) {
    NameApps(layout, generation->apps, event);
  }
  return AppendEvent(layout, std::move(event));
}

void RecordOrSay(const images::HostLayout& layout, Event event, const base::Io& io) {
  try {
    RecordEvent(layout, std::move(event));
  } catch (const base::Error& error) {
    io.Err("activate: the history does not say so: {}\n", error.what());
  }
}

void RecordRefusal(const images::HostLayout& layout, Event event,
                   std::chrono::system_clock::time_point now) {
  constexpr const char* kRefused = "gate-refused";
  const std::string who = event.by.substr(0, event.by.find(" from "));
  const std::optional<Event> last = LastEvent(
      layout,
      [&](const Event& other) {
        return other.event == kRefused && other.by.substr(0, other.by.find(" from ")) == who;
      },
      [](std::string_view line) { return line.find(kRefused) != std::string_view::npos; });
  const bool is_recent = last && last->time > base::ToIso8601(now - std::chrono::minutes(1)) &&
                         last->time <= base::ToIso8601(now);
  if (!is_recent) {
    event.event = kRefused;
    RecordEvent(layout, std::move(event));
  }
}

}  // namespace activator
