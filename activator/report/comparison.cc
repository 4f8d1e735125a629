#include "activator/report/comparison.h"

#include <algorithm>
#include <set>

#include "activator/host/installed_units.h"
#include "activator/report/text_diff.h"
#include "activator/stage/stage.h"
#include "activator/state/app_version.h"
#include "activator/state/generations.h"
#include "base/error.h"
#include "base/printable.h"
#include "images/version/image_directory.h"

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

std::set<std::string> ImagesOf(const InstalledUnits& units) {
  std::set<std::string> out;
  for (const auto& [name, unit] : units) {
    if (!unit.image_path.empty()) {
      out.insert(unit.image_path);
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
  std::string out;
  for (const std::string& line : base::LinesOf(lines)) {
    out += "      " + line + "\n";
  }
  return out;
}

// What becomes of an added or changed unit.
const char* EffectOn(const std::string& unit, const Comparison& comparison) {
  const UnitEffects& effects = comparison.effects;
  return comparison.is_folder                ? ""
         : Contains(effects.started, unit)   ? ": started"
         : Contains(effects.restarted, unit) ? ": restarted"
         : Contains(effects.stopped, unit)   ? ": stopped: its timer starts it from now on"
                                             : ": its timer starts it";
}

std::string EffectsText(const Comparison& comparison) {
  std::string out;
  for (const std::string& unit : comparison.added) {
    out += fmt::format("  + {}  added{}\n", unit, EffectOn(unit, comparison));
  }
  for (const auto& [unit, lines] : comparison.changed) {
    out += fmt::format("  ~ {}  changed{}\n{}", unit, EffectOn(unit, comparison), Indented(lines));
  }
  for (const std::string& unit : comparison.effects.restarted) {
    if (!comparison.changed.contains(unit)) {
      out += fmt::format("  ~ {}  restarted with its {}\n", unit,
                         StemOf(unit, ".socket").empty() ? "socket" : "service");
    }
  }
  for (const std::string& unit : comparison.removed) {
    out += fmt::format("  - {}  removed{}\n", unit, comparison.is_folder ? "" : ": stopped");
  }
  for (const std::string& unit : comparison.dependents.started_again) {
    out += fmt::format("  ~ {}  of the host's own: restarted, because it depends on these\n", unit);
  }
  for (const std::string& unit : comparison.dependents.left_down) {
    out +=
        fmt::format("  - {}  of the host's own: stopped, because it depends on what goes\n", unit);
  }
  return out;
}

}  // namespace

Composition CompositionOf(const images::HostLayout& layout, uint64_t number) {
  if (number == kNoGeneration) {
    return {};
  }
  return {number, LoadGeneration(layout, number).apps, LoadUnits(layout, number)};
}

Composition CompositionOf(const images::HostLayout& layout, const Apps& apps) {
  const Rendered rendered = RenderUnits(layout, apps);
  return {kNoGeneration, apps, UnitsOf(rendered.units, rendered.facts)};
}

Comparison CompareSides(const images::HostLayout& layout, const Composition& from,
                        const Composition& to) {
  Comparison out;
  out.from = from.number;
  out.to = to.number;
  out.apps = CompareApps(layout, from.apps, to.apps);
  const UnitDifference units = Compare(from.units, to.units);
  out.added = units.added;
  out.removed = units.removed;
  for (const std::string& name : units.changed) {
    const std::string lines = DiffLines(from.units.at(name).text, to.units.at(name).text);
    if (!lines.empty()) {  // else only its service changed
      out.changed[name] = lines;
    }
  }
  out.is_folder = IsDirectoryHost(layout);
  if (out.is_folder) {
    return out;
  }
  out.effects = EffectsOf(from.units, to.units);
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
  out += EffectsText(comparison);
  for (const HookRun& hook : comparison.hooks) {
    out += fmt::format("  {} hook of {}: {}\n", hook.when, hook.unit, hook.command);
  }
  for (const std::string& image : comparison.mounted) {
    out += fmt::format("  mounts {}\n", image);
  }
  for (const std::string& image : comparison.unmounted) {
    out += fmt::format("  unmounts {}\n", image);
  }
  if (comparison.is_folder) {
    out += "  nothing runs from a folder: only its `current` changes\n";
  } else if (comparison.HasNoUnit()) {
    out += "  no unit changes: nothing is started or stopped\n";
  }
  return out;
}

}  // namespace activator
