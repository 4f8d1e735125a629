#include "activator/state/outcome.h"

#include "activator/state/history.h"
#include "base/error.h"

namespace activator {
namespace {

std::optional<Outcome> OutcomeOf(const Event& event) {
  const auto code = [](base::ExitCode value) { return static_cast<int>(value); };
  if (event.event == "activated") {
    return Outcome{0, fmt::format("generation {} is active and healthy", event.generation)};
  }
  if (event.event == "rolled-back") {
    return Outcome{
        code(base::ExitCode::kRolledBack),
        fmt::format("generation {} was not activated, {}: {}", event.generation,
                    event.from == 0 ? "none runs, as before"
                                    : fmt::format("generation {} runs again", event.from),
                    event.reason)};
  }
  if (event.event == "preflight-failed") {
    return Outcome{code(base::ExitCode::kFailed),
                   fmt::format("generation {} cannot be activated, nothing was changed: {}",
                               event.generation, event.reason)};
  }
  if (event.event == "failed") {
    return Outcome{code(base::ExitCode::kNeedsAttention),
                   fmt::format("generation {} was not activated, and what ran before did not come "
                               "up again: {}",
                               event.generation, event.reason)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Outcome> RecordedOutcome(const images::HostLayout& layout, const std::string& id) {
  const std::optional<Event> last =
      LastEventOf(layout, id, [](const Event& event) { return OutcomeOf(event).has_value(); });
  return last ? OutcomeOf(*last) : std::nullopt;
}

}  // namespace activator
