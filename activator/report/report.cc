#include "activator/report/report.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "activator/host/installed_units.h"
#include "activator/os/fs_verity.h"
#include "activator/report/drift.h"
#include "activator/state/app_version.h"
#include "activator/state/generations.h"
#include "activator/state/host_lock.h"
#include "activator/state/lost_current.h"
#include "activator/trust/host_trust.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/unique_fd.h"
#include "images/name.h"
#include "images/version/image_directory.h"

namespace activator {
namespace {

// "web/83bf2a6d6fb73136 (1.28.0)" of the version whose image it is; of one of another generation,
// as while a switch is cut off, without what it calls itself.
std::string VersionOfImage(const Status& status, const std::string& image_path) {
  constexpr std::string_view kFile = "/image.erofs";
  if (!image_path.starts_with(status.root + "/") || !image_path.ends_with(kFile)) {
    return "";
  }
  const std::string place = image_path.substr(
      status.root.size() + 1, image_path.size() - kFile.size() - status.root.size() - 1);
  const std::string name = place.substr(0, place.find('/'));
  const auto version = status.versions.find(name);
  const bool is_active =
      version != status.versions.end() && (name + "/" + version->second).starts_with(place);
  return is_active ? name + "/" + version->second : place;
}

void ReadUnits(const Host& host, Status& out) {
  const InstalledUnits units = LoadUnits(host.layout, out.active);
  const auto states = host.systemd.Show(NamesOf(units));
  const auto now = host.clock.Now();
  const auto monotonic = host.clock.Monotonic().time_since_epoch();
  for (const auto& [name, state] : states) {
    UnitStatus unit{name, state, units.at(name).image_path, "", ""};
    unit.version =
        VersionOfImage(out, state.root_image.empty() ? unit.image_path : state.root_image);
    if (state.changed_at.count() > 0) {
      unit.since =
          base::ToIso8601(now - std::chrono::duration_cast<std::chrono::system_clock::duration>(
                                    monotonic - state.changed_at));
    }
    out.units.push_back(std::move(unit));
  }
  if (out.generation) {
    out.drift = FindDrift(host, *out.generation, units, states);
  }
}

// Also where the files cannot be used: that is what somebody must be told.
void ReadReleases(const images::HostLayout& layout, Status& out) {
  try {
    out.takes_signed_alone = base::LstatIfThere(layout.Trust()).has_value();
    if (!out.takes_signed_alone) {
      return;
    }
    const std::optional<HostTrust> trust = LoadTrust(layout);
    if (!trust) {
      return;
    }
    for (const auto& [name, digest] : out.generation ? out.generation->apps : Apps()) {
      if (const AcceptedVersion* version = trust->accepted.Find(name, digest)) {
        out.releases.emplace(name, *version);
      }
    }
  } catch (const base::Error& error) {
    out.trust_problem = error.what();
  }
}

// Which generation is active, and what is wrong with `current`.
void ReadActive(const images::HostLayout& layout, Status& out) {
  std::string problem;
  try {
    out.active = ActiveGeneration(layout);
    if (out.active != kNoGeneration && !base::Exists(layout.Generation(out.active))) {
      problem =
          fmt::format("{} leads to generation {}, which is gone", layout.Current(), out.active);
      out.active = kNoGeneration;
    }
  } catch (const base::Error& error) {
    problem = error.what();
  }
  if (out.active != kNoGeneration || out.switch_record) {
    return;
  }
  if (const uint64_t lost = LostCurrent(layout); lost != kNoGeneration) {
    out.drift.push_back(
        fmt::format("{}; by its record generation {} is active: `activate --generation {}` makes "
                    "the link again",
                    problem.empty() ? layout.Current() + " is missing" : problem, lost, lost));
  } else if (!problem.empty()) {
    out.drift.push_back(problem + ": activate one of those that `activate list` shows");
  }
}

// Nothing is known of a damaged version.
std::string VerifierOf(const images::HostLayout& layout, const std::string& name,
                       const base::Sha256& digest) {
  try {
    return ReadsVerifiedBy(
        images::ImageDirectory(layout.Version(name, images::ImageId::Of(digest))));
  } catch (const base::Error&) {
    return "";
  }
}

// One whose manifest cannot be read may have some.
bool HasServices(const images::HostLayout& layout, const Generation& generation) {
  return std::ranges::any_of(generation.apps, [&](const auto& app) {
    try {
      const std::string version = layout.Version(app.first, images::ImageId::Of(app.second));
      return !images::ImageDirectory(version).manifest().services.empty();
    } catch (const base::Error&) {
      return true;
    }
  });
}

// The list is where status sends those whose `current` leads to no generation.
uint64_t ActiveIfKnown(const images::HostLayout& layout) {
  if (ReadSwitchRecord(layout)) {
    return ActiveGeneration(layout);
  }
  try {
    return CurrentGeneration(layout);
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kVerification) {
      throw;
    }
    return kNoGeneration;
  }
}

}  // namespace

std::string ReadsVerifiedBy(const images::ImageDirectory& version) {
  if (version.manifest().image.verity_root) {
    return "dm-verity";
  }
  return HasFsVerity(version.image_path()) ? "fs-verity" : "";
}

uint64_t AgeSeconds(const Generation& generation, std::chrono::system_clock::time_point now) {
  const auto created = base::FromIso8601(generation.created);
  return !created || *created > now
             ? 0
             : static_cast<uint64_t>(
                   std::chrono::duration_cast<std::chrono::seconds>(now - *created).count());
}

Status ReadStatus(const Host& host, bool ask_systemd) {
  const images::HostLayout& layout = host.layout;
  Status out;
  out.root = layout.root();
  out.switch_record = ReadSwitchRecord(layout);
  if (out.switch_record) {
    out.switch_in_progress = IsLockHeld(layout);
  }
  ReadActive(layout, out);
  out.unreadable = ReadGenerations(layout).unreadable;
  out.last_activation = LastActivation(layout);
  if (out.active != kNoGeneration) {
    out.generation = FindGeneration(layout, out.active);
  }
  ReadReleases(layout, out);
  if (out.active == kNoGeneration) {
    return out;
  }
  if (out.generation) {
    for (const auto& [name, digest] : out.generation->apps) {
      out.versions[name] = IdAndVersion(layout, name, digest);
      out.names[name] = VersionOf(layout, name, digest);
      out.reads_verified_by[name] = VerifierOf(layout, name, digest);
    }
    if (out.generation->healthy_sequence > 0) {
      out.found_healthy = EventOfNumber(layout, out.generation->healthy_sequence);
    }
  }
  const bool has_no_units = UnitTexts(layout, out.active).empty();
  out.runs_nothing =
      host.is_folder || (has_no_units && out.generation && !HasServices(layout, *out.generation));
  if (ask_systemd) {
    ReadUnits(host, out);
  }
  if (out.generation && !out.runs_nothing && has_no_units) {
    out.drift.push_back(fmt::format(
        "generation {0} has services, but its units are gone from {1}/units: `activate --rollback` "
        "leaves it",
        out.active, layout.Generation(out.active)));
  }
  if (out.switch_record) {
    out.drift.clear();  // neither generation is in place just now
  }
  return out;
}

bool IsOutdated(const images::HostLayout& layout, const Status& status) {
  const auto id = [](const std::optional<SwitchRecord>& record) {
    return record ? record->activation_id : "";
  };
  return id(ReadSwitchRecord(layout)) != id(status.switch_record) ||
         LastActivation(layout) != status.last_activation;
}

int CodeOf(const Status& status) {
  const bool is_well = status.down.empty() && status.failing.empty();
  return is_well ? 0 : static_cast<int>(base::ExitCode::kNeedsAttention);
}

int CodeOfChecked(const Status& status) {
  if (status.switch_record && status.switch_in_progress.value_or(true)) {
    return static_cast<int>(base::ExitCode::kBusy);
  }
  const bool is_well = !status.switch_record && status.drift.empty() && status.unhealthy.empty() &&
                       !status.unreadable.contains(status.active);
  return is_well ? CodeOf(status) : static_cast<int>(base::ExitCode::kNeedsAttention);
}

Listing ReadListing(const images::HostLayout& layout) {
  AllGenerations all = ReadGenerations(layout);
  Listing out{std::move(all.readable),
              std::move(all.unreadable),
              ActiveIfKnown(layout),
              {},
              base::SystemClock().Now()};
  for (const Generation& generation : out.generations) {
    for (const auto& app : generation.apps) {
      if (const auto [place, is_new] = out.versions.try_emplace(app); is_new) {
        place->second = VersionOf(layout, app.first, app.second);
      }
    }
  }
  return out;
}

std::string UnitsText(const std::map<std::string, std::string>& units) {
  std::string out;
  for (const auto& [name, text] : units) {
    out += fmt::format("# {}\n{}\n", name, text);
  }
  return out;
}

}  // namespace activator
