// Appends events with the applications that they are about.
#ifndef SLIPWAY_ACTIVATOR_STATE_RECORD_EVENT_H_
#define SLIPWAY_ACTIVATOR_STATE_RECORD_EVENT_H_

#include <chrono>
#include <cstdint>

#include "activator/state/event.h"
#include "activator/state/generation.h"
#include "base/io.h"
#include "images/version/host_layout.h"

namespace activator {

// Sets them to these, with what each version calls itself as long as it is on the host.
void NameApps(const images::HostLayout& layout, const Apps& apps, Event& event);

// AppendEvent with the applications of the event's generation; none where its record cannot be
// read.
uint64_t RecordEvent(const images::HostLayout& layout, Event event);
// The same of what is done and stays done: says on `io` where there is no record of it.
void RecordOrSay(const images::HostLayout& layout, Event event, const base::Io& io);

// What a gate refused, at most once a minute for each operator: whoever is refused may try for
// ever. `event` says by whom: "alice (gate) from ...".
void RecordRefusal(const images::HostLayout& layout, Event event,
                   std::chrono::system_clock::time_point now);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_RECORD_EVENT_H_
