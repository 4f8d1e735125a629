// One line on a terminal that says how far a long operation is; nothing when piped.
#ifndef SLIPWAY_BASE_PROGRESS_H_
#define SLIPWAY_BASE_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/io.h"

namespace base {

// Where several operations at once show their lines. Each has one of its own.
class StatusLine {
 public:
  StatusLine() = default;
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  virtual ~StatusLine() = default;
  virtual void Show(const std::string& text) = 0;  // in place of what it showed before
};

// Threads may call Add at once. The line is erased when the object goes.
class Progress {
 public:
  // total_bytes 0: unknown, then only the count is shown.
  Progress(const Io& io, std::string label, uint64_t total_bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t bytes);

 private:
  void Draw();
  std::string Text() const;

  const Io io_;
  const std::string label_;
  const uint64_t total_bytes_;
  const std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point drawn_;
  uint64_t done_bytes_ = 0;
  bool shown_ = false;
};

// "41.2 MB": decimal units, as disks and links are sold.
std::string HumanBytes(uint64_t bytes);

}  // namespace base

#endif  // SLIPWAY_BASE_PROGRESS_H_
