// What the processes of a trial tell the one outside, through a pipe: a kind, a text, NUL.
#ifndef SLIPWAY_BUILDER_TRIAL_RECORDS_H_
#define SLIPWAY_BUILDER_TRIAL_RECORDS_H_

#include <string>

#include "base/unique_fd.h"
#include "builder/trial/sandbox_plan.h"

namespace builder {

enum class Tell : char {
  kFailed = 'E',  // the sandbox could not be made
  kNote = 'N',
  kUntraced = 'T',
  kMissing = 'M',
  kRefused = 'R',
  kReached = 'C',
  kListens = 'L',  // "PORT ADDRESS"
  kEnded = 'X',    // exit code
  kPassed = 'H',   // milliseconds
  kWhy = 'W',
  kStood = 'S',
};

void SendRecord(int fd, Tell kind, const std::string& text);
void SendFindings(int fd, const FileFindings& files);
// Throws what kFailed tells.
void TakeRecord(Tell kind, std::string text, SandboxRecord& out);
// Takes the whole records at the start of `bytes` off it.
void TakeRecords(std::string& bytes, SandboxRecord& out);

}  // namespace builder

#endif  // SLIPWAY_BUILDER_TRIAL_RECORDS_H_
