// What a host that pulls keeps in ROOT/pull: the memory of each channel, and what it reported.
// docs/formats/host-layout.md#rootpull lists the files.
#ifndef SLIPWAY_ACTIVATOR_PULL_PULL_FILES_H_
#define SLIPWAY_ACTIVATOR_PULL_PULL_FILES_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "activator/pull/pull_config.h"
#include "images/channel/host_memory.h"
#include "images/channel/state_document.h"
#include "images/version/host_layout.h"

namespace activator {

std::string ConfigFile(const images::HostLayout& layout);
std::string CredentialsFile(const images::HostLayout& layout);
// Held by one pull from start to end.
std::string PullLock(const images::HostLayout& layout);
std::string MemoryFile(const images::HostLayout& layout, const std::string& channel);

// nullopt: the host pulls nothing. Throws Error{kFailed} where the file cannot be read.
std::optional<PullConfig> LoadConfig(const images::HostLayout& layout);

// An empty one where there is none. Throws Error{kVerification} where it cannot be read.
images::HostMemory LoadMemory(const images::HostLayout& layout, const std::string& channel);
// Those that can be read of all channels of the host; none where it pulls nothing.
std::map<std::string, images::HostMemory> LoadMemories(const images::HostLayout& layout);
// Reads it, changes it and writes it durably, while nobody else does. Returns it as it is now.
images::HostMemory UpdateMemory(const images::HostLayout& layout, const std::string& channel,
                                const std::function<void(images::HostMemory& memory)>& change);

// As the last pull found the host, and as the store has it since; nullopt: there is none, or it
// cannot be read.
std::optional<images::StateDocument> LoadState(const images::HostLayout& layout);
std::optional<images::StateDocument> LoadReported(const images::HostLayout& layout);
void StoreState(const images::HostLayout& layout, const images::StateDocument& state);
void StoreReported(const images::HostLayout& layout, const images::StateDocument& state);
// Of channels that were never polled it has nothing, nor of all where it cannot be read.
images::PollTimes LoadPolled(const images::HostLayout& layout);
void StorePolled(const images::HostLayout& layout, const images::PollTimes& polled);
// The next pull reports.
void ForgetReported(const images::HostLayout& layout);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_PULL_PULL_FILES_H_
