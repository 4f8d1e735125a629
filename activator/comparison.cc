#include "activator/comparison.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "activator/app_version.h"
#include "activator/generations.h"
#include "activator/hosted_units.h"
#include "activator/stage_apps.h"
#include "activator/text_diff.h"
#include "base/error.h"
#include "images/image_directory.h"

namespace activator {
namespace {

std::vector<AppDifference> CompareApps(const images::HostLayout& layout, const Apps& from,
                                       const Apps& to) {
  std::map<std::string, AppDifference> out;
  for (const auto& [name, digest] : from) {
    out[name] = {name, IdAndVersion(layout, name, digest), ""};
  }
  for (const auto& [name, digest] : to) {
    out[name].name = name;
    out[name].to = IdAndVersion(layout, name, digest);
  }
  std::vector<AppDifference> different;
  for (const auto& [name, difference] : out) {
    if (difference.from != difference.to) {
      different.push_back(difference);
    }
  }
  return different;
}

std::set<std::string> ImagesOf(const std::map<std::string, std::string>& units) {
  std::set<std::string> out;
  for (const auto& [name, text] : units) {
    if (const std::string image = RootImageOf(text); !image.empty()) {
      out.insert(image);
    }
  }
  return out;
}

std::string Joined(const images::Command& command) {
  std::string out;
  for (const std::string& word : command) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

void AddHooks(const std::string& unit, const char* when,
              const std::vector<images::Command>& commands, std::vector<HookRun>& out) {
  for (const images::Command& command : commands) {
    out.push_back({unit, when, Joined(command)});
  }
}

// A version that is gone or damaged costs only its hooks: preflight refuses it.
void AddHooksOfChanged(const images::HostLayout& layout, const Apps& apps, Comparison& out) {
  for (const auto& [name, digest] : apps) {
    try {
      const images::ImageDirectory version(layout.Version(name, images::ImageId::Of(digest)));
      for (const auto& [service_name, service] : version.manifest().services) {
        const std::string unit = service_name + ".service";
        if (out.changed.contains(unit) ||
            std::find(out.added.begin(), out.added.end(), unit) != out.added.end()) {
          AddHooks(unit, "before_start", service.hooks.before_start, out.hooks);
          AddHooks(unit, "after_healthy", service.hooks.after_healthy, out.hooks);
        }
      }
    } catch (const base::Error&) {
      continue;
    }
  }
}

void AddMounts(const Composition& from, const Composition& to, Comparison& out) {
  const std::set<std::string> before = ImagesOf(from.units);
  const std::set<std::string> after = ImagesOf(to.units);
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(out.mounted));
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(out.unmounted));
}

std::string SideName(uint64_t number, const char* otherwise) {
  return number == kNoGeneration ? otherwise : GenerationName(number);
}

std::string Indented(const std::string& lines) {
  std::istringstream in(lines);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    out += "      " + line + "\n";
  }
  return out;
}

}  // namespace

Composition CompositionOf(const images::HostLayout& layout, uint64_t number) {
  if (number == kNoGeneration) {
    return {};
  }
  return {number, LoadGeneration(layout, number).apps, UnitTexts(layout, number)};
}

Composition CompositionOf(const images::HostLayout& layout, const Apps& apps) {
  return {kNoGeneration, apps, RenderUnits(layout, apps)};
}

Comparison CompareSides(const images::HostLayout& layout, const Composition& from,
                        const Composition& to) {
  Comparison out;
  out.from = from.number;
  out.to = to.number;
  out.apps = CompareApps(layout, from.apps, to.apps);
  const UnitDifference units = Compare(HostedTexts(from.units), HostedTexts(to.units));
  out.added = units.added;
  out.removed = units.removed;
  for (const std::string& name : units.changed) {
    out.changed[name] = DiffLines(from.units.at(name), to.units.at(name));
  }
  AddHooksOfChanged(layout, to.apps, out);
  AddMounts(from, to, out);
  return out;
}

std::string ComparisonText(const Comparison& comparison) {
  std::string out = fmt::format("From {} to {}:\n", SideName(comparison.from, "nothing"),
                                SideName(comparison.to, "a generation that is not staged yet"));
  if (comparison.IsEmpty()) {
    return out + "  no difference\n";
  }
  for (const AppDifference& app : comparison.apps) {
    out += fmt::format("  {}: {} -> {}\n", app.name, app.from.empty() ? "(none)" : app.from,
                       app.to.empty() ? "(none)" : app.to);
  }
  for (const std::string& unit : comparison.added) {
    out += fmt::format("  + {}  added: started\n", unit);
  }
  for (const auto& [unit, lines] : comparison.changed) {
    out += fmt::format("  ~ {}  changed: restarted\n{}", unit, Indented(lines));
  }
  for (const std::string& unit : comparison.removed) {
    out += fmt::format("  - {}  removed: stopped\n", unit);
  }
  for (const HookRun& hook : comparison.hooks) {
    out += fmt::format("  {} hook of {}: {}\n", hook.when, hook.unit, hook.command);
  }
  for (const std::string& image : comparison.mounted) {
    out += fmt::format("  mounts {}\n", image);
  }
  for (const std::string& image : comparison.unmounted) {
    out += fmt::format("  unmounts {}\n", image);
  }
  return out;
}

}  // namespace activator
