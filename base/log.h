// The log: what a program does step by step, for whoever looks for a fault. Off below warnings
// unless $SLIPWAY_LOG or --log-level (base/cli.h) asks for more.
//
// Lines go to the standard error of the tool's Io: with the time for people, with the journal's
// level prefixes (sd-daemon(3)) where standard error leads there. Never a secret, a credential's
// content, the value of an environment variable, or what a service says.
//
// All threads may log at once.
#ifndef SLIPWAY_BASE_LOG_H_
#define SLIPWAY_BASE_LOG_H_

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/io.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

inline constexpr LogLevel kDefaultLogLevel = LogLevel::kWarning;
inline constexpr const char* kLogVariable = "SLIPWAY_LOG";

// nullopt where `text` names none.
std::optional<LogLevel> ParseLogLevel(std::string_view text);
// "debug", "info", "warning", "error", "off".
std::string ToText(LogLevel level);
// $SLIPWAY_LOG, or the default. Throws Error{kUsage} where it names no level.
LogLevel LogLevelOfEnvironment();

void SetLogLevel(LogLevel level);
LogLevel CurrentLogLevel();

// Where log lines go while it lives. The one that was made last counts; once all are gone, the
// level is the default again.
class LogOutput {
 public:
  explicit LogOutput(const Io& io);
  // In the format of the output before it; for whoever draws on the terminal.
  explicit LogOutput(std::function<void(const std::string& line)> write);
  ~LogOutput();
  LogOutput(const LogOutput&) = delete;
  LogOutput& operator=(const LogOutput&) = delete;

 private:
  friend class LogSink;
  const std::function<void(const std::string& line)> write_;
  bool to_journal_ = false;
};

namespace internal {
extern std::atomic<LogLevel> log_level;
void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args arguments) noexcept;
}  // namespace internal

inline bool IsLogged(LogLevel level) {
  return level >= internal::log_level.load(std::memory_order_relaxed);
}

// Formats nothing where the level is off. Never throws: a lost line is not worth failing for.
template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (IsLogged(level)) {
    internal::WriteLog(level, format, fmt::make_format_args(args...));
  }
}
template <typename... Args>
void LogDebug(fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kDebug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  Log(LogLevel::kInfo, format, std::forward<Args>(args)...);
}

// Times the phases of something long, one after the other.
class PhaseLog {
 public:
  explicit PhaseLog(std::string name) : name_(std::move(name)) {}
  // Logs how long `phase` took, from the end of the phase before it.
  void Done(std::string_view phase);

 private:
  std::string name_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

std::chrono::milliseconds MillisecondsSince(std::chrono::steady_clock::time_point start);

}  // namespace base

#endif  // SLIPWAY_BASE_LOG_H_
