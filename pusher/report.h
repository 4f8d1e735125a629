// Reports the outcome for each host: a line for people, an object as JSON.
#ifndef SLIPWAY_PUSHER_REPORT_H_
#define SLIPWAY_PUSHER_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "hosts/progress_display.h"
#include "pusher/arguments.h"
#include "pusher/fleet.h"

namespace pusher {

// The host's final line: on standard output, or on standard error where it failed. With --json the
// errors alone.
void ReportHost(const HostOutcome& outcome, const Arguments& arguments,
                hosts::ProgressDisplay& board);

// The same after its activation: which generation runs.
void ReportSwitch(const HostOutcome& outcome, const Arguments& arguments,
                  hosts::ProgressDisplay& board);

// What is asked before hosts are pushed to and switched: "Push and activate on web1, web2?", or "in
// 2 waves: web1; web2, web3?"; empty where no host is left. `ends`: of the waves.
std::string Question(const std::vector<HostOutcome>& outcomes, const std::vector<size_t>& ends);

// "2 of 3 hosts done, 1 failed: db1; sent 3.1 MB in 4.2 s".
std::string Summary(const std::vector<HostOutcome>& outcomes, double seconds);

// "imgpush ..." that does the same for the hosts that are not done, but for switches that failed;
// empty: there is none, or we were interrupted before any was done or failed.
std::string RepeatCommand(const std::vector<HostOutcome>& outcomes, const Arguments& arguments);
// What stands before that command.
std::string WhyRepeat(const std::vector<HostOutcome>& outcomes, const Arguments& arguments);

std::string ToJson(const std::vector<HostOutcome>& outcomes);

// "imgpush: error: ..." and the error's detail below, of a host that failed.
std::string ErrorLineOf(const std::string& host, const base::Error& error);
// "1.9 KB of 7.9 MB (0.0%)"; "8.0 MB (image: 7.9 MB; ...)" where an image and what says how it is
// made are more than the image.
std::string ShareText(uint64_t part_bytes, uint64_t whole_bytes);
// That the agent was uploaded, where it was.
void ReportAgent(const HostOutcome& outcome, hosts::ProgressDisplay& board);

// The worst of all hosts' exit codes.
int ExitCodeOf(const std::vector<HostOutcome>& outcomes);

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_REPORT_H_
