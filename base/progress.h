// Shows the progress of a long operation as one line on a terminal; shows nothing when piped.
#ifndef SLIPWAY_BASE_PROGRESS_H_
#define SLIPWAY_BASE_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

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

// A line that changes, for as long as the object lives: on a terminal, or where io.status shows it.
// One thread.
class ChangingLine {
 public:
  explicit ChangingLine(const Io& io) : io_(io) {}
  ~ChangingLine();
  ChangingLine(const ChangingLine&) = delete;
  ChangingLine& operator=(const ChangingLine&) = delete;

  // In place of what it showed before, cut at the terminal's width.
  void Show(std::string text);

 private:
  const Io io_;
  std::string shown_;
};

// Threads may call Add and AddFile at once. The line is cut at the terminal's width, and erased
// when the object goes.
class Progress {
 public:
  // 0: the total is unknown, then only the count is shown; of files, only once there is one.
  Progress(const Io& io, std::string label, uint64_t total_bytes, uint64_t total_files = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t bytes);
  void AddFile();

 private:
  void DrawIfDue();
  void Draw();
  std::string Line(double seconds) const;

  const Io io_;
  ChangingLine line_;
  const std::string label_;
  const uint64_t total_bytes_;
  const uint64_t total_files_;
  const std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point drawn_;
  uint64_t done_bytes_ = 0;
  uint64_t done_files_ = 0;
};

// "41.2 MB": decimal units, as disks and links are sold.
std::string HumanBytes(uint64_t bytes);
// "1 package", "7 packages".
std::string Counted(uint64_t count, std::string_view noun);
// "59 s", "12 min", "3 h": as exact as an estimate is.
std::string HumanSeconds(uint64_t seconds);

}  // namespace base

#endif  // SLIPWAY_BASE_PROGRESS_H_
