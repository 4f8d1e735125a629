// A plan as JSON.
#ifndef SLIPWAY_PUSHER_PLAN_JSON_H_
#define SLIPWAY_PUSHER_PLAN_JSON_H_

#include "base/json_fields.h"
#include "pusher/session/push_session.h"

namespace pusher {

base::Json PlanJson(const PushPlan& plan);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PLAN_JSON_H_
