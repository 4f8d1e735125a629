// Reads and writes the records of a host's generations, and knows the active one and the next
// number. A caller that changes one holds the host's lock.
#ifndef SLIPWAY_ACTIVATOR_STATE_GENERATIONS_H_
#define SLIPWAY_ACTIVATOR_STATE_GENERATIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/state/generation.h"
#include "images/version/host_layout.h"

namespace activator {

// A folder as host (imgpush dir:PATH) holds this file: no systemd, no mounts, nothing runs from it.
inline constexpr const char* kDirectoryHostMarker = ".slipway-dir-host";
// Of generations/N.
inline constexpr const char* kGenerationFile = "/generation.json";
inline constexpr const char* kUnitFactsFile = "/units.json";
bool IsDirectoryHost(const images::HostLayout& layout);

std::vector<uint64_t> GenerationNumbers(const images::HostLayout& layout);  // ascending
// Throws Error{kFailed} that says which there are.
Generation LoadGeneration(const images::HostLayout& layout, uint64_t number);
// nullopt where its record is not there or cannot be read: the way out of a damaged one must not
// need it.
std::optional<Generation> FindGeneration(const images::HostLayout& layout, uint64_t number);
// All of them, ascending; of those that cannot be read, with what is wrong with each. What they
// name is unknown.
struct AllGenerations {
  std::vector<Generation> readable;
  std::map<uint64_t, std::string> unreadable;
};
AllGenerations ReadGenerations(const images::HostLayout& layout);
// Those that can be read, ascending: one damaged record must not keep the host from switching.
std::vector<Generation> LoadGenerations(const images::HostLayout& layout);
// Only state, reason and healthy_sequence ever change.
void StoreGeneration(const images::HostLayout& layout, const Generation& generation);

// What `current` names; kNoGeneration where it names nothing.
uint64_t CurrentGeneration(const images::HostLayout& layout);
// Durable; kNoGeneration removes `current`.
void SetCurrentGeneration(const images::HostLayout& layout, uint64_t number);
// The one that counts as active: while a switch is in progress or cut off, the one that recovery
// would go to.
uint64_t ActiveGeneration(const images::HostLayout& layout);
// Its applications; none where nothing is active.
Apps ActiveApps(const images::HostLayout& layout);

// "generation 7", or "nothing" for kNoGeneration; for people.
std::string GenerationName(uint64_t number);

// Never one that was ever used.
uint64_t NextGenerationNumber(const images::HostLayout& layout);

// Unit name -> text as stored in the generation; empty for kNoGeneration.
std::map<std::string, std::string> UnitTexts(const images::HostLayout& layout, uint64_t number);
// The same of what is run beside services: hooks and checks.
std::map<std::string, std::string> TaskTexts(const images::HostLayout& layout, uint64_t number);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_GENERATIONS_H_
