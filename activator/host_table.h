// What `activate --host` tells of several hosts: one table for people, one document as JSON. Pure.
//
// The hosts' own `activate` may be of other versions: a field that one does not tell is left out.
// What came from a host cannot steer the terminal.
#ifndef SLIPWAY_ACTIVATOR_HOST_TABLE_H_
#define SLIPWAY_ACTIVATOR_HOST_TABLE_H_

#include <string>
#include <vector>

namespace activator {

struct HostReport {
  std::string name;
  bool begun = false;  // false: we were interrupted before its turn
  int exit_code = 0;
  std::string out;                // its standard output
  std::vector<std::string> said;  // lines of its standard error, and what went wrong with it
};

bool IsWell(const HostReport& report);
// "not reached (exit code 7)": what became of one that is not well.
std::string Failure(const HostReport& report);
// Whether it is well and printed the event of a switch; else nothing was to be done.
bool IsSwitched(const HostReport& report);

// A row a host with what is active there, its units and whether all is as it should be; problems
// below. Of hosts that printed `status --json`.
std::string StatusTable(const std::vector<HostReport>& reports);

// A row a host with what became of a switch; below, what one said that did not switch. Of hosts
// that printed its event as JSON.
std::string SwitchTable(const std::vector<HostReport>& reports);

// Any other report: its lines with the host's name before each, what went wrong below.
std::string LinesTable(const std::vector<HostReport>& reports);

// `line` of a report, with its host's name in a column of `width`.
std::string HostLine(const std::string& name, size_t width, const std::string& line);
size_t NameWidth(const std::vector<HostReport>& reports);

// [{"host", "exit_code", "report", "said"}]. A report of lines of JSON is a list, one that is no
// JSON is text, none is null.
std::string ReportsJson(const std::vector<HostReport>& reports);
// One line of JSON of a report that goes on: {"host", "report"}.
std::string LineJson(const std::string& name, const std::string& line);

// The worst of all, and 130 where one was not begun.
int ExitCodeOf(const std::vector<HostReport>& reports);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_HOST_TABLE_H_
