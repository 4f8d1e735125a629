#include "activator/report/history_command.h"

#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "activator/report/listener.h"
#include "activator/state/app_version.h"
#include "activator/state/history.h"
#include "activator/state/history_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/printable.h"

namespace activator {
namespace {

constexpr int kPollMs = 200;
constexpr size_t kPieceBytes = 64 << 10;

// An older version's line does not have it.
std::string VersionThen(const images::HostLayout& layout, const Event& event,
                        const std::string& name, const std::string& id) {
  if (const auto known = event.versions.find(name); known != event.versions.end()) {
    return known->second;
  }
  const std::optional<images::ImageId> image = images::IdIfOne(id);
  return image ? ManifestVersionOf(layout, name, *image) : "";
}

std::string Text(const images::HostLayout& layout, const Event& event) {
  std::string out = fmt::format("{:>6}  {}  {:<16}  generation {}", event.sequence, event.time,
                                event.event, event.generation);
  if (event.from != 0) {
    out += fmt::format(", from {}", event.from);
  }
  out += fmt::format("  by {}", event.by);
  if (!event.what.empty()) {
    out += fmt::format("  ({}{})", event.what,
                       event.duration_ms == 0 ? "" : fmt::format(", {} ms", event.duration_ms));
  }
  if (!event.apps.empty()) {
    std::vector<std::string> apps;
    for (const auto& [name, id] : event.apps) {
      const std::string version = VersionThen(layout, event, name, id);
      apps.push_back(fmt::format("{} {}{}", name, id, version.empty() ? "" : " (" + version + ")"));
    }
    out += fmt::format("\n        {}", fmt::join(apps, ", "));
  }
  if (!event.reason.empty()) {
    out += "\n        " + event.reason;
  }
  // A reason may quote what a program said; it must not drive the terminal.
  return base::PrintableLines(out) + "\n";
}

class Reader {
 public:
  Reader(const images::HostLayout& layout, const HistoryOptions& options, const base::Io& io)
      : layout_(layout), path_(layout.History()), options_(options), io_(io) {}

  void Run() {
    FindStart();
    TellNew();
    while (options_.follow && SomebodyListens(io_, options_.until_input_ends, kPollMs)) {
      base::ThrowIfInterrupted();
      TellNew();
    }
  }

 private:
  void FindStart();
  void TellNew();
  bool IsOfThatTime(std::string_view line) const;

  const images::HostLayout& layout_;
  const std::string path_;
  const HistoryOptions& options_;
  const base::Io& io_;
  uint64_t offset_ = 0;  // what stands before it was told, or is not to be
  uint64_t told_ = 0;    // the last number
};

// By the dates; the calendar may have been set back between two events, so no order is relied on.
bool Reader::IsOfThatTime(std::string_view line) const {
  if (!options_.from && !options_.until) {
    return true;
  }
  const std::optional<Event> event = ParseEvent(line, path_);
  const auto time = event ? base::FromIso8601(event->time) : std::nullopt;
  return time && (!options_.from || *time >= *options_.from) &&
         (!options_.until || *time < *options_.until);
}

void Reader::FindStart() {
  if (!options_.since && (options_.from || options_.until)) {
    return;
  }
  const HistoryFile file(path_);
  offset_ = file.End();
  uint64_t shown = 0;
  file.EachFromLast([&](std::string_view line, uint64_t offset) {
    const uint64_t sequence = SequenceOf(line).value_or(0);
    const bool is_wanted =
        options_.since ? sequence == 0 || sequence > *options_.since : shown < options_.most;
    if (is_wanted) {
      offset_ = offset;
      ++shown;
    }
    return is_wanted;
  });
  told_ = options_.since.value_or(0);
}

void Reader::TellNew() {
  const HistoryFile file(path_);  // it may not have been there before
  const uint64_t end = file.End();
  if (end < offset_) {  // somebody made it shorter
    offset_ = 0;
  }
  if (end == offset_) {
    return;
  }
  file.Sync();
  std::string out;
  file.EachFrom(offset_, end, [&](std::string_view line, uint64_t /*offset*/) {
    const std::optional<uint64_t> sequence = SequenceOf(line);
    if (!sequence || *sequence <= told_) {
      return true;
    }
    told_ = *sequence;
    if (!IsOfThatTime(line)) {
      return true;
    }
    if (options_.json) {
      out.append(line).append("\n");
    } else if (const std::optional<Event> event = ParseEvent(line, path_)) {
      out += Text(layout_, *event);
    }
    if (out.size() >= kPieceBytes) {
      io_.WriteOut(out);
      out.clear();
    }
    return true;
  });
  io_.WriteOut(out);
  offset_ = end;
}

}  // namespace

void RunHistory(const images::HostLayout& layout, const HistoryOptions& options,
                const base::Io& io) {
  try {
    Reader(layout, options, io).Run();
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kInterrupted || !options.follow) {
      throw;
    }  // nobody ends it otherwise
  }
}

}  // namespace activator
