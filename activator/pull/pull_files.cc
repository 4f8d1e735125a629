#include "activator/pull/pull_files.h"

#include <chrono>
#include <sstream>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"

namespace activator {
namespace {

constexpr std::chrono::seconds kMemoryPatience(10);  // it is held for a moment
// No channel's memory is called so: that ends with .json.
std::string StateFile(const images::HostLayout& layout) { return layout.Pull() + "/state"; }
std::string PolledFile(const images::HostLayout& layout) { return layout.Pull() + "/polled"; }
std::string ReportedFile(const images::HostLayout& layout) { return layout.Pull() + "/reported"; }

std::optional<images::StateDocument> LoadDocument(const std::string& path) {
  try {
    const auto text = base::ReadFileIfThere(path, images::kMaxStateBytes);
    return text ? std::optional(images::StateDocument::Parse(*text, path)) : std::nullopt;
  } catch (const base::Error& error) {  // it is made anew
    base::LogDebug("{}", error.what());
    return std::nullopt;
  }
}

}  // namespace

std::string ConfigFile(const images::HostLayout& layout) { return layout.Pull() + "/config.json"; }

std::string CredentialsFile(const images::HostLayout& layout) {
  return layout.Pull() + "/credentials";
}

std::string PullLock(const images::HostLayout& layout) { return layout.Pull() + "/lock"; }

std::string MemoryFile(const images::HostLayout& layout, const std::string& channel) {
  return layout.Pull() + "/" + channel + ".json";
}

std::optional<PullConfig> LoadConfig(const images::HostLayout& layout) {
  const std::string path = ConfigFile(layout);
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  return text ? std::optional(PullConfig::Parse(*text, path, base::ExitCode::kFailed))
              : std::nullopt;
}

images::HostMemory LoadMemory(const images::HostLayout& layout, const std::string& channel) {
  const std::string path = MemoryFile(layout, channel);
  try {
    const std::optional<std::string> text = base::ReadFileIfThere(path, images::kMaxMemoryBytes);
    images::HostMemory out = text ? images::HostMemory::Parse(*text, path) : images::HostMemory();
    if (text && out.channel != channel) {
      base::Fail(images::kUntrusted, "{} is of channel {}", path, out.channel);
    }
    out.channel = channel;
    return out;
  } catch (const base::Error& error) {
    base::Fail(images::kUntrusted,
               "{}; nothing of channel {} is fetched, because an old head could not be told from a "
               "new one: remove the file if any head that is signed may be taken",
               error.what(), channel);
  }
}

std::map<std::string, images::HostMemory> LoadMemories(const images::HostLayout& layout) {
  std::map<std::string, images::HostMemory> out;
  try {
    if (const std::optional<PullConfig> config = LoadConfig(layout)) {
      for (const std::string& channel : config->channels) {
        try {
          out[channel] = LoadMemory(layout, channel);
        } catch (const base::Error& error) {  // nothing of it is applied either
          base::LogInfo("{}", error.what());
        }
      }
    }
  } catch (const base::Error& error) {
    base::LogInfo("{}", error.what());
  }
  return out;
}

images::HostMemory UpdateMemory(const images::HostLayout& layout, const std::string& channel,
                                const std::function<void(images::HostMemory& memory)>& change) {
  const base::FileLock lock(layout.Pull() + "/memory-lock", "the memory of channel " + channel,
                            "a pull or a push", kMemoryPatience);
  images::HostMemory memory = LoadMemory(layout, channel);
  const std::string before = memory.Serialize();
  change(memory);
  if (const std::string after = memory.Serialize(); after != before) {
    base::WriteFileAtomically(MemoryFile(layout, channel), after);
  }
  return memory;
}

std::optional<images::StateDocument> LoadState(const images::HostLayout& layout) {
  return LoadDocument(StateFile(layout));
}

std::optional<images::StateDocument> LoadReported(const images::HostLayout& layout) {
  return LoadDocument(ReportedFile(layout));
}

void StoreState(const images::HostLayout& layout, const images::StateDocument& state) {
  base::WriteFileAtomically(StateFile(layout), state.Serialize());
}

void StoreReported(const images::HostLayout& layout, const images::StateDocument& state) {
  base::WriteFileAtomically(ReportedFile(layout), state.Serialize());
}

images::PollTimes LoadPolled(const images::HostLayout& layout) {
  images::PollTimes out;
  std::istringstream lines(base::ReadFileIfThere(PolledFile(layout)).value_or(""));
  for (std::string channel, text; lines >> channel >> text;) {
    if (const auto time = base::FromIso8601(text)) {
      out[channel] = std::chrono::floor<std::chrono::seconds>(*time);
    }
  }
  return out;
}

void StorePolled(const images::HostLayout& layout, const images::PollTimes& polled) {
  std::string text;
  for (const auto& [channel, time] : polled) {
    text += fmt::format("{} {}\n", channel, base::ToIso8601(time));
  }
  base::WriteFileAtomically(PolledFile(layout), text);
}

void ForgetReported(const images::HostLayout& layout) { base::UnlinkIfThere(ReportedFile(layout)); }

}  // namespace activator
