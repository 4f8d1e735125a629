#include "activator/history.h"

#include <fcntl.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/clock.h"
#include "base/file.h"
#include "base/sys.h"
#include "images/json_fields.h"

namespace activator {
namespace {

using images::Json;
using images::JsonFields;

constexpr base::Code kBad = base::Code::kVerification;
constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
constexpr uint64_t kMaxHistoryBytes = uint64_t{1} << 30;

std::string Line(const Event& event) {
  const Json json = {{"sequence", event.sequence},
                     {"time", event.time},
                     {"event", event.event},
                     {"generation", event.generation},
                     {"from", event.from},
                     {"activation_id", event.activation_id},
                     {"by", event.by},
                     {"reason", event.reason}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Event ParseLine(const std::string& line, const std::string& name) {
  const Json json = images::ParseJson(line, name, kBad);
  JsonFields fields(json, name, kBad);
  Event out;
  out.sequence = fields.Number("sequence", 1, kMost);
  out.time = fields.String("time");
  out.event = fields.String("event");
  out.generation = fields.Number("generation", 0, kMost);
  out.from = fields.Number("from", 0, kMost);
  out.activation_id = fields.String("activation_id");
  out.by = fields.String("by");
  out.reason = fields.String("reason");
  return out;  // no Done(): a newer version may say more about what happened
}

}  // namespace

std::vector<Event> ReadHistory(const images::HostLayout& layout) {
  const std::string path = layout.History();
  const std::string text = base::ReadFileIfThere(path, kMaxHistoryBytes).value_or("");
  std::vector<Event> out;
  size_t line = 1;
  for (size_t start = 0;; ++line) {
    const size_t end = text.find('\n', start);
    if (end == std::string::npos) {
      return out;
    }
    try {
      out.push_back(
          ParseLine(text.substr(start, end - start), fmt::format("{} line {}", path, line)));
    } catch (const base::Error&) {  // its number stays free: the lines after it have the next ones
    }
    start = end + 1;
  }
}

uint64_t AppendEvent(const images::HostLayout& layout, Event event) {
  const std::vector<Event> before = ReadHistory(layout);
  for (auto old = before.rbegin(); old != before.rend() && !event.activation_id.empty(); ++old) {
    if (old->activation_id == event.activation_id && old->event == event.event) {
      return old->sequence;
    }
  }
  const std::string path = layout.History();
  const bool is_new = !base::Exists(path);
  base::UniqueFd fd = base::Open(path, O_RDWR | O_CREAT, 0644);
  // A line that a crash cut short never counted: the new one takes its place.
  const std::string text = base::ReadFile(path, kMaxHistoryBytes);
  const size_t newline = text.rfind('\n');
  const uint64_t end = newline == std::string::npos ? 0 : newline + 1;
  if (end != text.size() && base::TheSys().Ftruncate(fd.get(), static_cast<off_t>(end)) != 0) {
    base::FailErrno(errno, "cannot write {}", path);
  }
  const auto lines = static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
  event.sequence = std::max(before.empty() ? 0 : before.back().sequence, lines) + 1;
  event.time = base::ToIso8601(base::SystemClock().Now());
  base::PWriteAll(fd.get(), base::AsBytes(Line(event)), end, path);
  base::Fsync(fd.get(), path);
  base::Close(std::move(fd), path);
  if (is_new) {
    base::FsyncDirectory(layout.root());
  }
  return event.sequence;
}

}  // namespace activator
