#include "activator/report.h"

#include <fcntl.h>
#include <sys/file.h>

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
  if (status.switch_in_progress) {
    return fmt::format(
        "A switch from {} to generation {} is in progress ({}, since {}, by {}).\n"
        "  journalctl --unit slipway-activate-{}\n",
        GenerationName(record.from), record.to, ToText(record.phase), record.started, record.by,
        record.activation_id);
  }
  return fmt::format(
      "A switch from {} to generation {} was CUT OFF (phase {}, started {}, by {}).\n"
      "  The next `activate` that changes something, or the next boot, {}.\n",
      GenerationName(record.from), record.to, ToText(record.phase), record.started, record.by,
      record.phase == SwitchPhase::kHealthy ? std::string("finishes it")
                                            : "goes back to " + GenerationName(record.from));
}

}  // namespace

bool IsLockHeld(const images::HostLayout& layout) {
  // A shared lock for an instant: whoever wants the lock then tries again (command_line.cc).
  const base::UniqueFd fd(base::TheSys().Open(layout.Lock().c_str(), O_RDONLY, 0));
  return fd.valid() && base::TheSys().Flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

Status ReadStatus(const images::HostLayout& layout, Systemd* systemd) {
  Status out;
  out.root = layout.root();
  out.switch_record = ReadSwitchRecord(layout);
  out.switch_in_progress = out.switch_record && IsLockHeld(layout);
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

std::string ListText(const std::vector<Generation>& generations, uint64_t active) {
  std::string out;
  for (const Generation& generation : generations) {
    out += fmt::format("{} {:>4}  {:<11}  {}  {}\n", generation.number == active ? "*" : " ",
                       generation.number, ToText(generation.state), generation.created,
                       AppsText(generation.apps));
    if (!generation.reason.empty()) {
      out += fmt::format("        {}\n", generation.reason);
    }
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
