#include "activator/state/outcome.h"

#include "activator/state/generation.h"
#include "activator/state/history.h"

namespace activator {
namespace {

Outcome Failed(base::ExitCode code, const Event& event, const std::string& done) {
  return {static_cast<int>(code),
          fmt::format("generation {} was not activated: {}", event.generation, event.reason),
          {done}};
}

}  // namespace

bool IsRefusal(const Event& event) { return event.event == "preflight-failed"; }

std::optional<Outcome> OutcomeOf(const Event& event, const std::string& problem) {
  if (event.event == "activated") {
    return Outcome{0, fmt::format("generation {} is active and healthy", event.generation), {}};
  }
  if (IsRefusal(event)) {
    return Failed(base::ExitCode::kFailed, event, "nothing was changed");
  }
  const bool had_none = event.from == kNoGeneration;
  if (event.event == "rolled-back") {
    return Failed(base::ExitCode::kRolledBack, event,
                  had_none ? "the host is as before, without applications"
                           : fmt::format("generation {} runs again", event.from));
  }
  if (event.event == "failed") {
    return Failed(
        base::ExitCode::kNeedsAttention, event,
        fmt::format("and {} did not come up again{}{}",
                    had_none ? "what ran before" : fmt::format("generation {}", event.from),
                    problem.empty() ? "" : ": ", problem));
  }
  return std::nullopt;
}

std::optional<Outcome> RecordedOutcome(const images::HostLayout& layout, const std::string& id) {
  const std::optional<Event> last =
      LastEventOf(layout, id, [](const Event& event) { return OutcomeOf(event).has_value(); });
  return last ? OutcomeOf(*last) : std::nullopt;
}

std::optional<Outcome> FinalOutcome(const images::HostLayout& layout, const std::string& id) {
  std::optional<Outcome> out = RecordedOutcome(layout, id);
  if (out && out->exit_code == static_cast<int>(base::ExitCode::kFailed)) {
    out.reset();
  }
  return out;
}

}  // namespace activator
