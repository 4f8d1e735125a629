#include "activator/pull/override.h"

#include <memory>
#include <optional>

#include "activator/pull/pull_files.h"
#include "activator/state/generations.h"
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

// Whoever mends it would have the channels undo the push.
void RequireReadableConfig(const images::HostLayout& layout) {
  try {
    LoadConfig(layout);
  } catch (const base::Error& error) {
    base::Fail(base::ExitCode::kFailed,
               "{}; so nobody knows which applications are a channel's: enroll this host anew "
               "(imgpush channel enroll), or push with --override",
               error.what());
  }
}

bool IsKept(const images::HostMemory& memory, const std::string& application,
            images::TimePoint now) {
  const auto pin = memory.overrides.find(application);
  return pin != memory.overrides.end() && pin->second.until > now;
}

bool HaveSame(const Apps& a, const Apps& b, const std::string& name) {
  const auto in_a = a.find(name);
  const auto in_b = b.find(name);
  return in_a == a.end() || in_b == b.end() ? in_a == a.end() && in_b == b.end()
                                            : in_a->second == in_b->second;
}

images::TimePoint WholeSeconds(images::TimePoint time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace

PushRules RulesForPush(const images::HostLayout& layout, bool overrides) {
  const auto owners = std::make_shared<Owners>();
  PushRules out;
  out.prepare = [layout, owners, overrides] {
    if (!overrides) {
      RequireReadableConfig(layout);
    }
    *owners = ReadOwners(layout);
  };
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
    std::vector<std::string> notes;
    for (const auto& [name, digest] : versions) {
      if (const auto owner = owners->find(name); owner != owners->end()) {
        const DiffersFromChannel kept = {name, owner->second};
        Pin(layout, {kept}, by, base::SystemClock().Now());
        notes.push_back(KeptText(kept));
      }
    }
    return notes;
  };
  return out;
}

std::string KeptText(const DiffersFromChannel& kept) {
  return fmt::format("{} is kept for {} hours, whatever channel {} has", kept.application,
                     images::kOverrideLasts.count(), kept.channel);
}

std::vector<DiffersFromChannel> FindDifferences(const images::HostLayout& layout,
                                                images::TimePoint now,
                                                const std::optional<Apps>& before) {
  std::vector<DiffersFromChannel> out;
  const Apps active = ActiveApps(layout);
  for (const auto& [channel, memory] : LoadMemories(layout)) {
    if (!memory.head) {
      continue;
    }
    const Apps applied = memory.applied ? memory.applied->apps : Apps();
    for (const auto& [name, variants] : memory.head->head.head.apps) {
      const bool differs = applied.contains(name) && !HaveSame(applied, active, name);
      const bool changed = before && !HaveSame(*before, active, name);
      if (changed || (differs && !IsKept(memory, name, now))) {
        out.push_back({name, channel});
      }
    }
  }
  return out;
}

void RequireNotKept(const images::HostLayout& layout, const std::string& channel,
                    uint64_t generation, images::TimePoint now) {
  const Apps active = ActiveApps(layout);
  const Apps next = LoadGeneration(layout, generation).apps;
  for (const auto& [name, pin] : LoadMemory(layout, channel).overrides) {
    if (pin.until > now && !HaveSame(active, next, name)) {
      base::Fail(base::ExitCode::kBusy, "{} was taken by {} meanwhile: the next poll looks again",
                 name, pin.by);
    }
  }
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
