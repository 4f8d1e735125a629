// Any file is a history: the lines from its end are those from its start, and each is an event or
// none.
#include <fcntl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "activator/state/history.h"
#include "activator/state/history_file.h"
#include "base/atomic_file.h"
#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const base::TemporaryDirectory kFolder("/tmp", "slipway-fuzz-");
  static const std::string kPath = kFolder.path() + "/history.jsonl";
  {
    const base::UniqueFd fd = base::Open(kPath, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    base::WriteAll(fd.get(), {data, size}, kPath);
  }
  using Lines = std::vector<std::pair<uint64_t, std::string>>;
  const auto add_to = [](Lines& lines) {
    return [&lines](std::string_view line, uint64_t offset) {
      lines.emplace_back(offset, line);
      return true;
    };
  };
  const activator::HistoryFile file(kPath);
  Lines from_start;
  Lines from_end;
  file.EachFrom(0, file.End(), add_to(from_start));
  file.EachFromLast(add_to(from_end));
  std::reverse(from_end.begin(), from_end.end());
  if (from_start != from_end) {
    std::abort();
  }
  for (const auto& [offset, line] : from_start) {
    activator::SequenceOf(line);
    activator::ParseEvent(line, kPath);
  }
  return 0;
}
