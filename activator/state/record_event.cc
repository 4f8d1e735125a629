#include "activator/state/record_event.h"

#include <optional>
#include <utility>

#include "activator/state/app_version.h"
#include "activator/state/generations.h"
#include "activator/state/history.h"

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

}  // namespace activator
