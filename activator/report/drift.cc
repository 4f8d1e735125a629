#include "activator/report/drift.h"

#include <unistd.h>

#include <chrono>
#include <optional>

#include "activator/host/boot_unit.h"
#include "activator/host/unit_links.h"
#include "activator/state/secret_readers.h"
#include "activator/state/secrets.h"
#include "base/clock.h"
#include "base/file.h"

namespace activator {
namespace {

// Staging takes a moment after it has noted the time.
constexpr std::chrono::minutes kStaging{5};

class Finder {
 public:
  Finder(const Host& host, const Generation& active) : host_(host), active_(active) {}

  std::vector<std::string> Find(const InstalledUnits& units,
                                const std::map<std::string, UnitState>& states);

 private:
  template <typename... Args>
  void Say(fmt::format_string<Args...> format, Args&&... args) {
    found_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  void CheckRecord();
  void CheckLink(const std::string& unit);
  void CheckText(const std::string& unit);
  void CheckLoaded(const std::string& unit, const UnitState& state, const std::string& image_path);
  void CheckProcess(const std::string& unit, const UnitState& state, const InstalledUnit& hosted);
  void CheckSecrets(const InstalledUnits& units, const std::map<std::string, UnitState>& states);
  void CheckLinksOfOthers(const InstalledUnits& units);

  const Host& host_;
  const Generation& active_;
  std::vector<std::string> found_;
};

void Finder::CheckRecord() {
  if (active_.state != GenerationState::kActive) {
    Say("`current` names generation {}, whose record says that it is {}", active_.number,
        ToText(active_.state));
  }
  if (std::string problem = BootUnitProblem(host_); !problem.empty()) {
    found_.push_back(std::move(problem));
  }
}

void Finder::CheckLink(const std::string& unit) {
  const std::string path = host_.unit_directory + "/" + unit;
  if (!base::LstatIfThere(path)) {
    Say("{}: its link {} is missing: `activate --generation {}` makes it again", unit, path,
        active_.number);
  } else if (!HasOurLink(host_, unit)) {
    const Obstacle found = LookAtObstacle(path);
    Say("{}: {} is {}, not the link to the active generation: `{} && activate --generation {}`{}",
        unit, path, found.what, found.remedy, active_.number,
        found.what == "a file"
            ? fmt::format(
                  ". `systemctl edit --full` leaves such a file, and the next boot does not "
                  "start it: use `systemctl edit {}`",
                  unit)
            : "");
  }
}

void Finder::CheckText(const std::string& unit) {
  const std::string path = host_.layout.Generation(active_.number) + "/units/" + unit;
  const auto created = base::FromIso8601(active_.created);
  const std::optional<struct stat> found = base::LstatIfThere(path);
  if (created && found &&
      std::chrono::system_clock::from_time_t(found->st_mtim.tv_sec) > *created + kStaging) {
    Say("{}: {} was changed after it was staged", unit, path);
  }
}

void Finder::CheckLoaded(const std::string& unit, const UnitState& state,
                         const std::string& image_path) {
  const bool ours = state.fragment_path.starts_with(host_.unit_directory + "/") ||
                    state.fragment_path.starts_with(host_.layout.root() + "/");
  if (state.load == "masked") {
    Say("{}: it is masked: systemctl unmask {}", unit, unit);
  } else if (!state.fragment_path.empty() && !ours) {
    Say("{}: systemd reads it from {}", unit, state.fragment_path);
  } else if (state.needs_reload) {
    Say("{}: systemd has not read it since it was changed: systemctl daemon-reload", unit);
  } else if (!state.root_image.empty() && state.root_image != image_path) {
    Say("{}: systemd runs it from {}, its unit names {}", unit, state.root_image, image_path);
  }
}

// A run that a timer started goes on through a switch.
void Finder::CheckProcess(const std::string& unit, const UnitState& state,
                          const InstalledUnit& hosted) {
  if (::geteuid() == 0 && !hosted.is_scheduled && !hosted.image_path.empty() &&
      !host_.systemd.RunsFrom(state, hosted.image_path)) {
    Say("{}: its process {} runs from another image than {}: `activate --generation {}` restarts "
        "it",
        unit, state.main_pid, hosted.image_path, active_.number);
  }
}

// A run that a timer starts reads them anew.
void Finder::CheckSecrets(const InstalledUnits& units,
                          const std::map<std::string, UnitState>& states) {
  if (::geteuid() != 0) {
    return;
  }
  for (const SecretReader& reader : SecretReadersOf(host_.layout, active_.apps)) {
    const auto unit = units.find(reader.unit);
    const auto state = states.find(reader.unit);
    const std::string problem = SecretProblem(host_.layout, reader.name, reader.key);
    if (!problem.empty()) {
      Say("{}: it {}", reader.unit, problem);
    } else if (unit != units.end() && state != states.end() && !unit->second.is_scheduled &&
               IsSecretNewer(host_, reader, state->second)) {
      Say("{}: the secret {} is newer than what it runs with: systemctl restart {}", reader.unit,
          reader.key, reader.unit);
    }
  }
}

void Finder::CheckLinksOfOthers(const InstalledUnits& units) {
  for (const std::string& linked : LinkedUnits(host_)) {
    if (!units.contains(linked)) {
      Say("{}/{} is a link of ours, and generation {} has no such unit", host_.unit_directory,
          linked, active_.number);
    }
  }
}

std::vector<std::string> Finder::Find(const InstalledUnits& units,
                                      const std::map<std::string, UnitState>& states) {
  CheckRecord();
  for (const auto& [name, unit] : units) {
    CheckLink(name);
    CheckText(name);
    if (const auto state = states.find(name); state != states.end()) {
      CheckLoaded(name, state->second, unit.image_path);
      CheckProcess(name, state->second, unit);
    }
  }
  CheckLinksOfOthers(units);
  CheckSecrets(units, states);
  return found_;
}

}  // namespace

bool IsSecretNewer(const Host& host, const SecretReader& reader, const UnitState& state) {
  const std::optional<struct stat> file =
      base::LstatIfThere(host.layout.Secret(SecretFormOf(host.layout), reader.name, reader.key));
  if (!file || state.IsDown() || state.process_started.count() == 0) {
    return false;
  }
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  const auto age = host.clock.Monotonic().time_since_epoch() - state.process_started;
  const auto started = host.clock.Now().time_since_epoch() - age;
  const auto changed =
      std::chrono::seconds(file->st_mtim.tv_sec) + nanoseconds(file->st_mtim.tv_nsec);
  return changed > duration_cast<nanoseconds>(started);
}

std::vector<std::string> FindDrift(const Host& host, const Generation& active,
                                   const InstalledUnits& units,
                                   const std::map<std::string, UnitState>& states) {
  return Finder(host, active).Find(units, states);
}

}  // namespace activator
