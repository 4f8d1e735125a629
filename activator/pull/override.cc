#include "activator/pull/override.h"

#include <memory>
#include <optional>

#include "activator/pull/apply_set.h"
#include "activator/pull/pull_files.h"
#include "base/clock.h"
#include "base/error.h"
#include "images/channel/host_memory.h"

namespace activator {
namespace {

// Application -> the channel whose head names it.
using Owners = std::map<std::string, std::string>;

Owners ReadOwners(const images::HostLayout& layout) {
  Owners out;
  for (const auto& [channel, memory] : LoadMemories(layout)) {
    if (memory.head) {
      for (const auto& [name, variants] : memory.head->head.head.apps) {
        out.emplace(name, channel);
      }
    }
  }
  return out;
}

bool IsKept(const images::HostMemory& memory, const std::string& application,
            images::TimePoint now) {
  const auto pin = memory.overrides.find(application);
  return pin != memory.overrides.end() && pin->second.until > now;
}

images::TimePoint WholeSeconds(images::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

PushRules RulesForPush(const images::HostLayout& layout, bool overrides) {
  const auto owners = std::make_shared<Owners>();
  PushRules out;
  out.prepare = [layout, owners] { *owners = ReadOwners(layout); };
  out.check = [owners, overrides](const std::string& name) {
    const auto owner = owners->find(name);
    if (!overrides && owner != owners->end()) {
      base::Fail(base::ExitCode::kUsage,
                 "{} is in channel {}, which this host pulls: publish it there, or push it with "
                 "--override, which keeps it for {} hours",
                 name, owner->second, images::kOverrideLasts.count());
    }
  };
  out.take = [layout, owners](const std::map<std::string, base::Sha256>& versions,
                              const std::string& by) {
    for (const auto& [name, digest] : versions) {
      if (const auto owner = owners->find(name); owner != owners->end()) {
        Pin(layout, {{name, owner->second}}, by, base::SystemClock().Now());
      }
    }
  };
  return out;
}

std::vector<DiffersFromChannel> FindDifferences(const images::HostLayout& layout,
                                                images::TimePoint now) {
  std::vector<DiffersFromChannel> out;
  const Apps active = ActiveApps(layout);
  for (const auto& [channel, memory] : LoadMemories(layout)) {
    if (!memory.applied || !memory.head) {
      continue;
    }
    for (const auto& [name, digest] : memory.applied->apps) {
      const auto there = active.find(name);
      const bool differs = there == active.end() || there->second != digest;
      if (differs && memory.head->head.head.apps.contains(name) && !IsKept(memory, name, now)) {
        out.push_back({name, channel});
      }
    }
  }
  return out;
}

void Pin(const images::HostLayout& layout, const std::vector<DiffersFromChannel>& differences,
         const std::string& by, images::TimePoint now) {
  for (const auto& [application, channel] : differences) {
    UpdateMemory(layout, channel, [&, &name = application](images::HostMemory& memory) {
      memory.Pin(name, by, WholeSeconds(now));
    });
  }
}

}  // namespace activator
