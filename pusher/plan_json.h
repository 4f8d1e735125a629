// A plan as JSON.
#ifndef SLIPWAY_PUSHER_PLAN_JSON_H_
#define SLIPWAY_PUSHER_PLAN_JSON_H_

#include "images/json_fields.h"
#include "pusher/push_session.h"

namespace pusher {

images::Json PlanJson(const PushPlan& plan);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PLAN_JSON_H_
