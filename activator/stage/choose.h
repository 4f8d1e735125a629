// Finds the generation that a command asks for, and rebases one that was staged on top of another
// than the active one.
#ifndef SLIPWAY_ACTIVATOR_STAGE_CHOOSE_H_
#define SLIPWAY_ACTIVATOR_STAGE_CHOOSE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/state/generation.h"
#include "images/version/host_layout.h"

namespace activator {

enum class TargetKind { kNumber, kLatest, kRollback, kVersions };

// What somebody asks for.
//   kNumber    `number`. Never active yet and staged on another than the active one: its changes
//              are staged anew on the active one where no application was changed by both.
//   kLatest    the newest generation that was staged after the active one, likewise, unless what
//              it changes was pushed anew since and tried; the active one where there is none.
//   kRollback  the one that was active and healthy before the active one, passing over those that
//              were left by a rollback. With `name`: the active one with the version of that
//              application that was healthy before, passing over versions left by a rollback.
//   kVersions  the active one with these `versions`; nullopt: without the application.
struct ActivationTarget {
  TargetKind kind = TargetKind::kNumber;
  uint64_t number = 0;
  std::string name;
  std::map<std::string, std::optional<images::ImageId>> versions;
};

// As arguments of `activate`.
std::vector<std::string> ToArguments(const ActivationTarget& target);
// As somebody would type it, for the history.
std::string ToText(const ActivationTarget& target);

// What a target comes to, before anything is staged.
struct Resolved {
  uint64_t number = kNoGeneration;  // of a generation that is there; of the one to be rebased
  std::optional<Apps> apps;         // to be staged on the active one
  std::string note;  // why nothing is to be done, or what is left to do; may be empty
};

// Changes nothing. Throws Error{kFailed} where there is no such generation or version,
// also for kLatest where nothing is active and what is there was tried; Error{kStale} where both
// changed an application.
Resolved Resolve(const images::HostLayout& layout, const ActivationTarget& target);

struct Choice {
  uint64_t number = 0;  // what to activate; 0: nothing is there to be done
  std::string note;     // for people: what was rebased, or why nothing is to be done; may be empty
};

// Resolves and stages what is to be staged. The caller holds the host's lock and has recovered.
Choice ChooseGeneration(const images::HostLayout& layout, const ActivationTarget& target,
                        const std::string& by);

// Whether a staged generation can no longer be activated on top of `active`: it would be refused
// with kStale, or there is nothing in it that is not active already.
bool IsStale(const Generation& staged, const Generation& active);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STAGE_CHOOSE_H_
