#include "activator/state/generations.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "activator/state/history.h"
#include "activator/state/switch_record.h"
#include "activator/state/tombstones.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/file.h"

namespace activator {
namespace {

std::optional<uint64_t> ToNumber(const std::string& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number > 0 && text[0] != '0' ? std::optional(number) : std::nullopt;
}

// "1 to 4, 7, 8": a host may have a thousand.
std::string NumbersText(const std::vector<uint64_t>& ascending) {
  std::vector<std::string> out;
  for (size_t i = 0; i < ascending.size();) {
    size_t last = i;
    while (last + 1 < ascending.size() && ascending[last + 1] == ascending[last] + 1) {
      ++last;
    }
    if (last - i < 2) {
      last = i;
      out.push_back(std::to_string(ascending[i]));
    } else {
      out.push_back(fmt::format("{} to {}", ascending[i], ascending[last]));
    }
    i = last + 1;
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

}  // namespace

bool IsDirectoryHost(const images::HostLayout& layout) {
  return base::Exists(layout.root() + "/" + kDirectoryHostMarker);
}

std::vector<uint64_t> GenerationNumbers(const images::HostLayout& layout) {
  std::vector<uint64_t> out;
  for (const std::string& name : base::ListDirectory(layout.Generations())) {
    if (const std::optional<uint64_t> number = ToNumber(name)) {
      out.push_back(*number);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Generation LoadGeneration(const images::HostLayout& layout, uint64_t number) {
  const std::string path = layout.Generation(number) + kGenerationFile;
  const std::optional<std::string> text = base::ReadFileIfThere(path);
  if (!text) {
    const std::vector<uint64_t> there = GenerationNumbers(layout);
    if (there.empty()) {
      base::Fail(base::ExitCode::kFailed, "there is no generation {}: nothing was pushed to {} yet",
                 number, layout.root());
    }
    base::Fail(base::ExitCode::kFailed, "there is no generation {}; there are: {}", number,
               NumbersText(there));
  }
  Generation out = Generation::Parse(*text, path);
  if (out.number != number) {
    base::Fail(base::ExitCode::kVerification, "{} says that it is generation {}", path, out.number);
  }
  return out;
}

std::optional<Generation> FindGeneration(const images::HostLayout& layout, uint64_t number) {
  try {
    return LoadGeneration(layout, number);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

AllGenerations ReadGenerations(const images::HostLayout& layout) {
  AllGenerations out;
  for (const uint64_t number : GenerationNumbers(layout)) {
    try {
      out.readable.push_back(LoadGeneration(layout, number));
    } catch (const base::Error& error) {
      if (base::Exists(layout.Generation(number))) {  // a prune may have taken it away
        out.unreadable.emplace(number, error.what());
      }
    }
  }
  return out;
}

std::vector<Generation> LoadGenerations(const images::HostLayout& layout) {
  return ReadGenerations(layout).readable;
}

void StoreGeneration(const images::HostLayout& layout, const Generation& generation) {
  base::WriteFileAtomically(layout.Generation(generation.number) + kGenerationFile,
                            generation.Serialize());
}

uint64_t CurrentGeneration(const images::HostLayout& layout) {
  const std::optional<std::string> target = base::ReadLinkIfThere(layout.Current());
  if (!target) {
    return kNoGeneration;
  }
  const std::optional<uint64_t> number = ToNumber(base::BaseName(*target));
  if (!number || *target != fmt::format("generations/{}", *number)) {
    base::Fail(base::ExitCode::kVerification, "{} leads to '{}', which is no generation",
               layout.Current(), *target);
  }
  return *number;
}

void SetCurrentGeneration(const images::HostLayout& layout, uint64_t number) {
  if (number != kNoGeneration) {
    base::ReplaceSymlink(fmt::format("generations/{}", number), layout.Current());
  } else if (base::UnlinkIfThere(layout.Current())) {
    base::FsyncDirectory(layout.root());
  }
}

uint64_t ActiveGeneration(const images::HostLayout& layout) {
  if (const std::optional<SwitchRecord> record = ReadSwitchRecord(layout)) {
    return record->phase == SwitchPhase::kHealthy ? record->to : record->from;
  }
  return CurrentGeneration(layout);
}

Apps ActiveApps(const images::HostLayout& layout) {
  const uint64_t active = ActiveGeneration(layout);
  return active == kNoGeneration ? Apps{} : LoadGeneration(layout, active).apps;
}

std::string GenerationName(uint64_t number) {
  return number == kNoGeneration ? "nothing" : fmt::format("generation {}", number);
}

uint64_t NextGenerationNumber(const images::HostLayout& layout) {
  uint64_t last = CurrentGeneration(layout);
  for (const std::string& name : base::ListDirectory(layout.Generations())) {
    last = std::max({last, ToNumber(name).value_or(0), TombstoneGeneration(name).value_or(0)});
  }
  // Pruned ones count too: history must never speak of two generations by one number.
  last = std::max(last, LastNumberInHistory(layout));
  return last + 1;
}

namespace {

std::map<std::string, std::string> TextsIn(const std::string& directory) {
  std::map<std::string, std::string> out;
  for (const std::string& name : base::ListDirectory(directory)) {
    if (!name.starts_with('.')) {
      out.emplace(name, base::ReadFile(directory + "/" + name));
    }
  }
  return out;
}

}  // namespace

std::map<std::string, std::string> UnitTexts(const images::HostLayout& layout, uint64_t number) {
  return number == kNoGeneration ? std::map<std::string, std::string>()
                                 : TextsIn(layout.Generation(number) + "/units");
}

std::map<std::string, std::string> TaskTexts(const images::HostLayout& layout, uint64_t number) {
  return number == kNoGeneration ? std::map<std::string, std::string>()
                                 : TextsIn(layout.Generation(number) + "/tasks");
}

}  // namespace activator
