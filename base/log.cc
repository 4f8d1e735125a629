#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/printable.h"

namespace base {
namespace {

struct LevelName {
  const char* text;
  LogLevel level;
  spdlog::level::level_enum theirs;
  int journal_priority;
};
constexpr std::array kLevels = {
    LevelName{"debug", LogLevel::kDebug, spdlog::level::debug, 7},
    LevelName{"info", LogLevel::kInfo, spdlog::level::info, 6},
    LevelName{"warning", LogLevel::kWarning, spdlog::level::warn, 4},
    LevelName{"error", LogLevel::kError, spdlog::level::err, 3},
    LevelName{"off", LogLevel::kOff, spdlog::level::off, 0},
};

const LevelName& NameOf(LogLevel level) { return kLevels.at(static_cast<size_t>(level)); }

// Whether `fd` is the stream that systemd connected to the journal (systemd.exec(5)).
bool LeadsToJournal(int fd) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat found {};
  return stream != nullptr && ::fstat(fd, &found) == 0 &&
         stream == fmt::format("{}:{}", found.st_dev, found.st_ino);
}

}  // namespace

// Has the outputs that live; spdlog's mutex guards them.
class LogSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LogSink() { set_pattern("%H:%M:%S.%e %l: %v"); }

  void Add(LogOutput& output, bool inherits) {
    const std::lock_guard<std::mutex> lock(mutex_);
    output.to_journal_ =
        inherits ? !outputs_.empty() && outputs_.back()->to_journal_ : output.to_journal_;
    outputs_.push_back(&output);
  }
  void Remove(const LogOutput& output) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(outputs_, &output);
    if (outputs_.empty()) {
      SetLogLevel(kDefaultLogLevel);
    }
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (outputs_.empty()) {
      return;
    }
    const LogOutput& output = *outputs_.back();
    if (output.to_journal_) {
      const auto level = std::ranges::find(kLevels, message.level, &LevelName::theirs);
      output.write_(fmt::format("<{}>{}\n", level->journal_priority,
                                std::string_view(message.payload.data(), message.payload.size())));
      return;
    }
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    output.write_(std::string(line.data(), line.size()));
  }
  void flush_() override {}

  std::vector<const LogOutput*> outputs_;
};

namespace {

LogSink& TheSink() {
  static LogSink sink;
  return sink;
}

}  // namespace

namespace internal {

std::atomic<LogLevel> log_level = kDefaultLogLevel;

void WriteLog(LogLevel level, fmt::string_view format, fmt::format_args arguments) noexcept {
  try {
    // It may quote a file's name or a peer: it stays one line and must not drive the terminal.
    const std::string text = Printable(fmt::vformat(format, arguments), std::string::npos);
    TheSink().log(spdlog::details::log_msg("", NameOf(level).theirs, text));
  } catch (const std::exception&) {  // nobody is left to tell
  }
}

}  // namespace internal

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  const auto found = std::ranges::find(kLevels, text, &LevelName::text);
  return found == kLevels.end() ? std::nullopt : std::optional(found->level);
}

std::string ToText(LogLevel level) { return NameOf(level).text; }

LogLevel LogLevelOfEnvironment() {
  const char* const text = std::getenv(kLogVariable);
  if (text == nullptr || *text == '\0') {
    return kDefaultLogLevel;
  }
  const std::optional<LogLevel> level = ParseLogLevel(text);
  if (!level) {
    Fail(ExitCode::kUsage, "{} is '{}': use debug, info, warning, error or off", kLogVariable,
         Printable(text));
  }
  return *level;
}

void SetLogLevel(LogLevel level) { internal::log_level = level; }
LogLevel CurrentLogLevel() { return internal::log_level; }

LogOutput::LogOutput(const Io& io)
    : write_([io](const std::string& line) { io.Err("{}", line); }),
      to_journal_(LeadsToJournal(io.err)) {
  TheSink().Add(*this, false);
}

LogOutput::LogOutput(std::function<void(const std::string& line)> write)
    : write_(std::move(write)) {
  TheSink().Add(*this, true);
}

LogOutput::~LogOutput() { TheSink().Remove(*this); }

std::chrono::milliseconds MillisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

void PhaseLog::Done(std::string_view phase) {
  LogInfo("{}: {} in {} ms", name_, phase, MillisecondsSince(since_).count());
  since_ = std::chrono::steady_clock::now();
}

}  // namespace base
