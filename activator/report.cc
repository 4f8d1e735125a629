#include "activator/report.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "activator/generations.h"
#include "activator/hosted_units.h"
#include "base/error.h"
#include "base/sys.h"
#include "base/unique_fd.h"
#include "images/name.h"

namespace activator {
namespace {

std::string AppsText(const Apps& apps) {
  std::string out;
  for (const auto& [name, digest] : apps) {
    out += (out.empty() ? "" : " ") + name + "/" + images::ImageId::Of(digest).text();
  }
  return out.empty() ? "(none)" : out;
}

std::string SwitchText(const Status& status) {
  const SwitchRecord& record = *status.switch_record;
  if (status.switch_in_progress.value_or(true)) {
    return fmt::format(
        "A switch from {} to generation {} {} ({}, since {}, by {}).\n"
        "  journalctl --unit slipway-activate-{}\n",
        GenerationName(record.from), record.to,
        status.switch_in_progress ? "is in progress"
                                  : "is in progress or was cut off (root can tell)",
        ToText(record.phase), record.started, record.by, record.activation_id);
  }
  return fmt::format(
      "A switch from {} to generation {} was CUT OFF (phase {}, started {}, by {}).\n"
      "  The next `activate` that changes something, or the next boot, {}.\n",
      GenerationName(record.from), record.to, ToText(record.phase), record.started, record.by,
      record.phase == SwitchPhase::kHealthy ? std::string("finishes it")
                                            : "goes back to " + GenerationName(record.from));
}

}  // namespace

std::optional<bool> IsLockHeld(const images::HostLayout& layout) {
  // A shared lock for an instant: whoever wants the lock then tries again (command_line.cc).
  const base::UniqueFd fd(base::TheSys().Open(layout.Lock().c_str(), O_RDONLY, 0));
  if (!fd.valid()) {
    return errno == ENOENT ? std::optional(false) : std::nullopt;
  }
  return base::TheSys().Flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

Status ReadStatus(const images::HostLayout& layout, Systemd* systemd) {
  Status out;
  out.root = layout.root();
  out.switch_record = ReadSwitchRecord(layout);
  if (out.switch_record) {
    out.switch_in_progress = IsLockHeld(layout);
  }
  out.active = ActiveGeneration(layout);
  if (out.active == kNoGeneration) {
    return out;
  }
  out.generation = LoadGeneration(layout, out.active);
  if (systemd != nullptr) {
    for (auto& [name, state] : systemd->Show(NamesOf(LoadUnits(layout, out.active)))) {
      out.units.push_back({name, state});
    }
  }
  return out;
}

Listing ReadListing(const images::HostLayout& layout) {
  return {LoadGenerations(layout), UnreadableGenerations(layout), ActiveGeneration(layout)};
}

std::string ListText(const Listing& listing) {
  std::string out;
  for (const Generation& generation : listing.generations) {
    out += fmt::format("{} {:>4}  {:<11}  {}  {}\n",
                       generation.number == listing.active ? "*" : " ", generation.number,
                       ToText(generation.state), generation.created, AppsText(generation.apps));
    if (!generation.reason.empty()) {
      out += fmt::format("        {}\n", generation.reason);
    }
  }
  for (const auto& [number, why] : listing.unreadable) {
    out += fmt::format("{} {:>4}  unreadable   {}\n", number == listing.active ? "*" : " ", number,
                       why);
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

std::string StatusText(const Status& status) {
  std::string out;
  if (status.generation) {
    const Generation& generation = *status.generation;
    out += fmt::format("Generation {} is active in {} (staged {} by {})\n", generation.number,
                       status.root, generation.created, generation.by);
    for (const auto& [name, digest] : generation.apps) {
      out += fmt::format("  {}/{}\n", name, images::ImageId::Of(digest).text());
    }
  } else {
    out += fmt::format("Nothing is active in {}\n", status.root);
  }
  for (const UnitStatus& unit : status.units) {
    out += fmt::format("  {:<32} {} ({})\n", unit.name, unit.state.active, unit.state.sub);
  }
  return status.switch_record ? out + SwitchText(status) : out;
}

}  // namespace activator
