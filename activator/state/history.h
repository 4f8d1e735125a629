// history.jsonl: what happened on this host, one JSON object a line, each durable before the next
// step, numbered without gaps. The caller holds the host's lock when it appends.
#ifndef SLIPWAY_ACTIVATOR_STATE_HISTORY_H_
#define SLIPWAY_ACTIVATOR_STATE_HISTORY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "activator/state/event.h"
#include "images/version/host_layout.h"

namespace activator {

// The last event that `is_it` holds for. Reads from the end, and no more than it must; where that
// may be much, `may_be` says by an event's line that it need not be taken to pieces. A last line
// that a crash cut short is passed over, and so is one that cannot be read: a damaged past must not
// keep the host from switching.
using IsEvent = std::function<bool(const Event& event)>;
using MayBeEvent = std::function<bool(std::string_view line)>;
std::optional<Event> LastEvent(const images::HostLayout& layout, const IsEvent& is_it,
                               const MayBeEvent& may_be = nullptr);
// The same among the events of one activation.
std::optional<Event> LastEventOf(const images::HostLayout& layout, const std::string& activation_id,
                                 const IsEvent& is_it);
std::optional<Event> EventOfNumber(const images::HostLayout& layout, uint64_t sequence);
// What became of the last activation, whose activation_id is not empty.
std::optional<Event> LastActivation(const images::HostLayout& layout);
// The highest number of a generation that the history names; 0: none. Numbers only grow, and what
// was staged last was staged with the next one then.
uint64_t LastNumberInHistory(const images::HostLayout& layout);

// nullopt where the line is none. `name`: where it stands.
std::optional<Event> ParseEvent(std::string_view line, const std::string& name);

// Returns the event's sequence number. An event of the same kind and activation that stands there
// already is not written again (recovery repeats steps); its number is returned. What the checks
// refuse again under the same id is written where the reason is another one.
uint64_t AppendEvent(const images::HostLayout& layout, Event event);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_HISTORY_H_
