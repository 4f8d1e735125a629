// A plan for people.
#ifndef SLIPWAY_PUSHER_PLAN_REPORT_H_
#define SLIPWAY_PUSHER_PLAN_REPORT_H_

#include <string>

#include "hosts/progress_display.h"
#include "pusher/fleet.h"

namespace pusher {

// The host's plan, where it has one, and its error where it failed. `as_result`: the plan goes to
// standard output, otherwise beside the question that follows, to standard error.
void ReportPlan(const HostOutcome& outcome, bool as_result, hosts::ProgressDisplay& board);

std::string PlanText(const HostOutcome& outcome);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_PLAN_REPORT_H_
