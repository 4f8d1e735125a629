// Writes an event as JSON, for a line of history.jsonl and for reports.
#ifndef SLIPWAY_ACTIVATOR_STATE_EVENT_JSON_H_
#define SLIPWAY_ACTIVATOR_STATE_EVENT_JSON_H_

#include "activator/state/event.h"
#include "base/json_fields.h"

namespace activator {

base::Json ToJson(const Event& event);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_EVENT_JSON_H_
