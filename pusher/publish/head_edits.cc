#include "pusher/publish/head_edits.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/nearest.h"
#include "base/printable.h"

namespace pusher {
namespace {

using images::ChannelHead;
using images::TimePoint;

constexpr std::chrono::days kMostLasts(366);
constexpr uint64_t kMostSeconds = uint64_t{366} * 24 * 3600;

const ChannelHead& There(const ChannelHead* current) {
  if (current == nullptr) {
    base::Fail(base::ExitCode::kUsage, "there is no such channel: imgpush publish makes it");
  }
  return *current;
}

// Never sooner than before, unless that is asked for.
TimePoint ExpiresOf(const ChannelHead* current, TimePoint now, const EditOptions& options) {
  if (options.lasts) {
    return now + *options.lasts;
  }
  const TimePoint usual = now + kHeadLasts;
  return current == nullptr ? usual : std::max(usual, current->expires);
}

// The head that is there, made now: its waves begin anew.
ChannelHead Anew(const ChannelHead* current, TimePoint now, const EditOptions& options) {
  ChannelHead out = current == nullptr ? ChannelHead() : *current;
  out.created = now;
  out.expires = ExpiresOf(current, now, options);
  out.rollout.urgent = options.urgent && !out.rollout.hold;
  return out;
}

// Of a head that has expired nobody stages anything: there it is made anew.
std::optional<ChannelHead> UnlessSame(ChannelHead next, const ChannelHead* current,
                                      const EditOptions& options) {
  if (current != nullptr && next.created < current->expires && !options.lasts && !options.urgent &&
      next.apps == current->apps && next.agent == current->agent && next.fetch == current->fetch) {
    images::Rollout before = current->rollout;
    before.urgent = next.rollout.urgent;
    if (next.rollout == before) {
      return std::nullopt;
    }
  }
  return next;
}

// In their place, so that whoever publishes for one architecture leaves the others where they are.
void ReplaceVariants(std::vector<images::AppVariant>& there,
                     const std::vector<images::AppVariant>& with) {
  const auto is_replaced = [&](const images::AppVariant& old) {
    return std::ranges::find(with, old.architecture, &images::AppVariant::architecture) !=
           with.end();
  };
  const auto at = std::ranges::find_if(there, is_replaced) - there.begin();
  std::erase_if(there, is_replaced);
  there.insert(there.begin() + at, with.begin(), with.end());
}

void ReplacePrograms(images::Programs& there, const images::Programs& with, bool remove) {
  if (remove) {
    there.clear();
  }
  for (const auto& [architecture, program] : with) {
    there[architecture] = program;
  }
}

[[noreturn]] void FailNoApp(const ChannelHead& head, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, variants] : head.apps) {
    names.push_back(known);
  }
  const std::string near = base::NearestOf(name, names);
  base::Fail(base::ExitCode::kUsage, "channel {} has no application '{}'{}", head.channel,
             base::Printable(name),
             names.empty()  ? ", nor any other"
             : near.empty() ? fmt::format(": it has {}", fmt::join(names, ", "))
                            : fmt::format(": did you mean {}?", near));
}

struct DurationUnit {
  char letter;
  uint64_t seconds;
};
constexpr std::array kDurationUnits = {DurationUnit{'d', 86400}, DurationUnit{'h', 3600},
                                       DurationUnit{'m', 60}, DurationUnit{'s', 1}};

[[noreturn]] void FailWave(const std::string& wave) {
  base::Fail(base::ExitCode::kUsage,
             "--waves: '{}' is no wave: use groups, a percentage and a time, as in "
             "@canary,10%+1h,100%+24h",
             base::Printable(wave));
}

images::Wave ParseWave(const std::string& text, const images::Wave& before) {
  images::Wave out{{}, before.percent, before.after};
  std::string rest = text;
  if (const size_t plus = rest.find('+'); plus != std::string::npos) {
    out.after = ParseDuration(rest.substr(plus + 1), "--waves");
    rest.resize(plus);
  }
  std::vector<std::string> parts = Split(rest, '@');
  if (parts.size() > 1 && parts.back().ends_with('%')) {  // "@canary@lab 5%" without the blank
    FailWave(text);
  }
  if (const std::string percent = parts.front(); !percent.empty()) {
    const char* const end = percent.data() + percent.size() - 1;
    const auto [at, error] = std::from_chars(percent.data(), end, out.percent);
    if (*end != '%' || error != std::errc() || at != end || out.percent > 100) {
      FailWave(text);
    }
  } else if (parts.size() == 1) {
    FailWave(text);
  }
  out.groups.assign(parts.begin() + 1, parts.end());
  if (out.percent < before.percent || out.after < before.after ||
      std::ranges::find(out.groups, "") != out.groups.end()) {
    FailWave(text);
  }
  return out;
}

}  // namespace

HeadEdit EditToPublish(images::ChannelApps apps, EditOptions options) {
  return [apps = std::move(apps), options](const ChannelHead* current, TimePoint now) {
    ChannelHead out = Anew(current, now, options);
    for (const auto& [name, variants] : apps) {
      ReplaceVariants(out.apps[name], variants);
    }
    return UnlessSame(std::move(out), current, options);
  };
}

HeadEdit EditToRemove(std::vector<std::string> names, EditOptions options) {
  return [names = std::move(names), options](const ChannelHead* current, TimePoint now) {
    ChannelHead out = Anew(&There(current), now, options);
    for (const std::string& name : names) {
      if (out.apps.erase(name) == 0) {
        FailNoApp(*current, name);
      }
    }
    return UnlessSame(std::move(out), current, options);
  };
}

HeadEdit EditToHold(bool hold, EditOptions options) {
  return [hold, options](const ChannelHead* current, TimePoint now) -> std::optional<ChannelHead> {
    if (There(current).rollout.hold == hold && !options.lasts && !options.urgent) {
      return std::nullopt;
    }
    ChannelHead out = *current;
    out.rollout.hold = hold;
    return Anew(&out, now, options);
  };
}

HeadEdit EditToRenew(EditOptions options) {
  return [options](const ChannelHead* current, TimePoint now) {
    ChannelHead out = There(current);
    out.expires = ExpiresOf(current, now, options);
    if (out.expires == current->expires) {
      return std::optional<ChannelHead>();
    }
    if (out.created + kMostLasts < out.expires) {  // the waves are long over
      out.created = out.expires - kMostLasts;
    }
    return std::optional(out);
  };
}

HeadEdit EditToRollBack(OldHeadChoice choose, EditOptions options) {
  options.urgent = true;
  return [choose = std::move(choose), options](const ChannelHead* current, TimePoint now) {
    ChannelHead out = There(current);
    out.rollout.hold = false;
    out = Anew(&out, now, options);
    out.apps = choose(*current).apps;
    return std::optional(out);
  };
}

HeadEdit EditToSet(RolloutChange change, ProgramsChange programs, EditOptions options) {
  return [change = std::move(change), programs = std::move(programs), options](
             const ChannelHead* current, TimePoint now) {
    ChannelHead out = Anew(&There(current), now, options);
    out.rollout.waves = change.waves.value_or(out.rollout.waves);
    out.rollout.spread = change.spread.value_or(out.rollout.spread);
    out.rollout.salt = change.salt.value_or(out.rollout.salt);
    out.rollout.retry += change.retry ? 1 : 0;
    ReplacePrograms(out.agent, programs.agent, programs.remove);
    ReplacePrograms(out.fetch, programs.fetch, programs.remove);
    return UnlessSame(std::move(out), current, options);
  };
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    out.push_back(text.substr(at, end - at));
    if (end == std::string::npos) {
      return out;
    }
    at = end + 1;
  }
}

std::vector<images::Wave> ParseWaves(const std::string& text) {
  std::vector<images::Wave> out;
  for (const std::string& wave : Split(text, ',')) {
    out.push_back(ParseWave(wave, out.empty() ? images::Wave{} : out.back()));
  }
  return out;
}

std::string WavesText(const std::vector<images::Wave>& waves) {
  std::string out;
  for (const images::Wave& wave : waves) {
    out += fmt::format("{}{}%", out.empty() ? "" : ",", wave.percent);
    for (const std::string& group : wave.groups) {
      out += "@" + group;
    }
    if (wave.after.count() > 0) {
      out += "+" + DurationText(wave.after);
    }
  }
  return out;
}

std::chrono::seconds ParseDuration(const std::string& text, const std::string& what) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string unit(rest, end);
  uint64_t factor = unit.empty() ? 1 : 0;
  for (const DurationUnit& known : kDurationUnits) {
    factor = unit == std::string(1, known.letter) ? known.seconds : factor;
  }
  if (error != std::errc() || factor == 0 || number > kMostSeconds / factor) {
    base::Fail(base::ExitCode::kUsage, "{}: '{}' is no time up to 366 days: use 90s, 2m, 6h or 7d",
               what, base::Printable(text));
  }
  return std::chrono::seconds(number * factor);
}

std::string DurationText(std::chrono::seconds duration) {
  const auto seconds = static_cast<uint64_t>(duration.count());
  for (const DurationUnit& unit : kDurationUnits) {
    if (seconds > 0 && seconds % unit.seconds == 0) {
      return fmt::format("{}{}", seconds / unit.seconds, unit.letter);
    }
  }
  return "0s";
}

}  // namespace pusher
