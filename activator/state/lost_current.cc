#include "activator/state/lost_current.h"

#include "activator/state/generations.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

bool LeadsToGeneration(const images::HostLayout& layout) {
  try {
    const uint64_t current = CurrentGeneration(layout);
    return current != kNoGeneration && base::Exists(layout.Generation(current));
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kVerification) {
      throw;
    }
    return false;  // a link to something else
  }
}

}  // namespace

uint64_t LostCurrent(const images::HostLayout& layout) {
  if (LeadsToGeneration(layout)) {
    return kNoGeneration;
  }
  uint64_t active = kNoGeneration;
  uint64_t sequence = 0;
  for (const Generation& generation : LoadGenerations(layout)) {
    if (generation.state == GenerationState::kActive && generation.healthy_sequence >= sequence) {
      active = generation.number;
      sequence = generation.healthy_sequence;
    }
  }
  return active;
}

bool RepairCurrent(const images::HostLayout& layout) {
  if (LeadsToGeneration(layout)) {
    return false;
  }
  const uint64_t lost = LostCurrent(layout);
  if (lost == kNoGeneration && !base::LstatIfThere(layout.Current())) {
    return false;
  }
  SetCurrentGeneration(layout, lost);
  return true;
}

}  // namespace activator
