#include "activator/state/history.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "activator/state/event_json.h"
#include "activator/state/history_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json_fields.h"
#include "base/sys.h"

namespace activator {
namespace {

using base::Json;
using base::JsonFields;

constexpr const char* kStagedEvent = "staged";
constexpr const char* kRefusedEvent = "preflight-failed";

std::string Line(const Event& event) { return base::DumpJson(ToJson(event)) + "\n"; }

Event ParseLine(std::string_view line, const std::string& name) {
  const Json json = base::ParseJson(line, name, base::ExitCode::kVerification);
  JsonFields fields(json, name, base::ExitCode::kVerification);
  Event out;
  out.sequence = fields.Number("sequence", 1, base::kAnyNumber);
  out.time = fields.String("time");
  out.event = fields.String("event");
  out.generation = fields.Number("generation", 0, base::kAnyNumber);
  out.from = fields.Number("from", 0, base::kAnyNumber);
  out.activation_id = fields.String("activation_id");
  out.by = fields.String("by");
  out.reason = fields.String("reason");
  out.what = fields.String("what", "");
  out.cut_off = fields.Bool("cut_off", false);
  out.duration_ms = fields.Number("duration_ms", 0, base::kAnyNumber, 0);
  out.apps = fields.StringMap("apps");
  out.versions = fields.StringMap("versions");
  return out;  // no Done(): a newer version may say more about what happened
}

// One that cannot be read counts too: its number stays free.
uint64_t NextSequence(const HistoryFile& file) {
  uint64_t last = 0;
  uint64_t unreadable = 0;
  file.EachFromLast([&](std::string_view line, uint64_t /*offset*/) {
    const std::optional<uint64_t> sequence = SequenceOf(line);
    unreadable += sequence ? 0U : 1U;
    last = sequence.value_or(0);
    return !sequence;
  });
  return last + unreadable + 1;
}

void Append(const images::HostLayout& layout, const std::string& line, uint64_t end) {
  const std::string path = layout.History();
  const bool is_new = !base::Exists(path);
  base::UniqueFd fd = base::OpenOwn(path, O_WRONLY | O_CREAT, 0644);
  // A line that a crash cut short never counted: the new one takes its place.
  if (static_cast<uint64_t>(base::Fstat(fd.get(), path).st_size) != end &&
      base::TheSys().Ftruncate(fd.get(), static_cast<off_t>(end)) != 0) {
    base::FailErrno(errno, "cannot write {}", path);
  }
  base::PWriteAll(fd.get(), base::AsBytes(line), end, path);
  base::Fsync(fd.get(), path);
  base::Close(std::move(fd), path);
  if (is_new) {
    base::FsyncDirectory(layout.root());
  }
}

}  // namespace

base::Json ToJson(const Event& event) {
  base::Json out = {{"sequence", event.sequence},
                    {"time", event.time},
                    {"event", event.event},
                    {"generation", event.generation},
                    {"from", event.from},
                    {"activation_id", event.activation_id},
                    {"by", event.by},
                    {"reason", event.reason},
                    {"what", event.what},
                    {"duration_ms", event.duration_ms},
                    {"apps", event.apps},
                    {"versions", event.versions}};
  if (event.cut_off) {
    out["cut_off"] = true;
  }
  return out;
}

std::optional<Event> ParseEvent(std::string_view line, const std::string& name) {
  try {
    return ParseLine(line, name);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

std::optional<Event> LastEvent(const images::HostLayout& layout, const IsEvent& is_it,
                               const MayBeEvent& may_be) {
  std::optional<Event> out;
  HistoryFile(layout.History()).EachFromLast([&](std::string_view line, uint64_t /*offset*/) {
    if (may_be && !may_be(line)) {
      return true;
    }
    out = ParseEvent(line, layout.History());
    if (out && !is_it(*out)) {
      out.reset();
    }
    return !out;
  });
  return out;
}

std::optional<Event> LastEventOf(const images::HostLayout& layout, const std::string& activation_id,
                                 const IsEvent& is_it) {
  return LastEvent(
      layout,
      [&](const Event& event) { return event.activation_id == activation_id && is_it(event); },
      [&](std::string_view line) { return line.find(activation_id) != std::string_view::npos; });
}

std::optional<Event> EventOfNumber(const images::HostLayout& layout, uint64_t sequence) {
  return LastEvent(
      layout, [](const Event& /*event*/) { return true; },
      [&](std::string_view line) { return SequenceOf(line) == sequence; });
}

std::optional<Event> LastActivation(const images::HostLayout& layout) {
  constexpr std::string_view kNone = "\"activation_id\":\"\"";
  return LastEvent(
      layout, [](const Event& event) { return !event.activation_id.empty(); },
      [&](std::string_view line) { return line.find(kNone) == std::string_view::npos; });
}

uint64_t LastNumberInHistory(const images::HostLayout& layout) {
  uint64_t last = 0;
  LastEvent(layout, [&](const Event& event) {
    last = std::max(last, event.generation);
    return event.event == kStagedEvent;
  });
  return last;
}

uint64_t AppendEvent(const images::HostLayout& layout, Event event) {
  if (!event.activation_id.empty()) {
    const std::optional<Event> before =
        LastEventOf(layout, event.activation_id,
                    [&](const Event& other) { return other.event == event.event; });
    const bool is_news = event.event == kRefusedEvent && before && before->reason != event.reason;
    if (before && !is_news) {
      return before->sequence;
    }
  }
  const HistoryFile file(layout.History());
  event.sequence = NextSequence(file);
  event.time = base::ToIso8601(base::SystemClock().Now());
  Append(layout, Line(event), file.End());
  return event.sequence;
}

}  // namespace activator
