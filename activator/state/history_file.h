// Reads the lines of history.jsonl from either end, a block at a time, because it may hold years. A
// line that a crash cut short, or that is being written now, does not count as one.
#ifndef SLIPWAY_ACTIVATOR_STATE_HISTORY_FILE_H_
#define SLIPWAY_ACTIVATOR_STATE_HISTORY_FILE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace activator {

class HistoryFile {
 public:
  // No file is one without lines.
  explicit HistoryFile(const std::string& path);

  // Told a line without its newline, and where it starts; false: that was enough.
  using Use = std::function<bool(std::string_view line, uint64_t offset)>;
  void EachFromLast(const Use& use) const;
  // From `offset`, which is where a line starts, to `end`, which is where one ended.
  void EachFrom(uint64_t offset, uint64_t end, const Use& use) const;

  uint64_t End() const;   // where the last whole line ends
  uint64_t Size() const;  // of the file
  // Makes what was read durable: whoever is told an event must not see its number again with
  // another one after a crash.
  void Sync() const;

 private:
  std::string ReadAt(uint64_t offset, uint64_t size_bytes) const;

  const std::string path_;
  base::UniqueFd fd_;
};

// The event's number without reading all of the line; nullopt where it is no event.
std::optional<uint64_t> SequenceOf(std::string_view line);

}  // namespace activator

#endif  // SLIPWAY_ACTIVATOR_STATE_HISTORY_FILE_H_
