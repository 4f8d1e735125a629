#include "base/progress.h"

#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

namespace base {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval(100);

// A line that wraps could not be erased. Asked each time: a window's size changes.
void CutAtWidthOf(int terminal, std::string& line) {
  winsize size{};
  if (::ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && line.size() >= size.ws_col) {
    line.resize(size.ws_col - size_t{1});
  }
}

}  // namespace

ChangingLine::~ChangingLine() {
  if (!shown_.empty() && io_.status == nullptr) {
    io_.WriteErr(kEraseLine);
  }
}

void ChangingLine::Show(std::string text) {
  if (!io_.err_is_terminal || text == shown_) {
    return;
  }
  shown_ = text;
  if (io_.status != nullptr) {
    io_.status->Show(text);
    return;
  }
  CutAtWidthOf(io_.err, text);
  io_.WriteErr(fmt::format("{}{}", kEraseLine, text));
}

Progress::Progress(const Io& io, std::string label, uint64_t total_bytes, uint64_t total_files)
    : io_(io),
      line_(io),
      label_(std::move(label)),
      total_bytes_(total_bytes),
      total_files_(total_files),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

Progress::~Progress() = default;

void Progress::Add(uint64_t bytes) {
  if (!io_.err_is_terminal) {
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  done_bytes_ += bytes;
  DrawIfDue();
}

void Progress::AddFile() {
  if (!io_.err_is_terminal) {
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ++done_files_;
  DrawIfDue();
}

void Progress::DrawIfDue() {
  if (std::chrono::steady_clock::now() - drawn_ >= kRedrawInterval) {
    Draw();
  }
}

void Progress::Draw() {
  drawn_ = std::chrono::steady_clock::now();
  line_.Show(Line(std::chrono::duration<double>(drawn_ - start_).count()));
}

std::string Progress::Line(double seconds) const {
  const auto rate =
      static_cast<uint64_t>(static_cast<double>(done_bytes_) / std::max(seconds, 0.1));
  std::string line = fmt::format("{} {}", label_, HumanBytes(done_bytes_));
  if (total_bytes_ > 0) {
    line += fmt::format(" of {} ({}%)", HumanBytes(total_bytes_),
                        std::min<uint64_t>(100, done_bytes_ * 100 / total_bytes_));
  }
  if (total_files_ > 0) {
    line += fmt::format(", {} of {} files", done_files_, total_files_);
  } else if (done_files_ > 0) {
    line += fmt::format(", {} files", done_files_);
  }
  line += fmt::format(", {}/s", HumanBytes(rate));
  if (total_bytes_ > done_bytes_ && rate > 0) {
    line += fmt::format(", {} left", HumanSeconds((total_bytes_ - done_bytes_) / rate));
  }
  return line;
}

std::string Counted(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1000) {
    return fmt::format("{} B", bytes);
  }
  const auto value = static_cast<double>(bytes);
  if (bytes < 999'950) {  // what rounds to 1000.0 KB is 1.0 MB
    return fmt::format("{:.1f} KB", value / 1e3);
  }
  if (bytes < 999'950'000) {
    return fmt::format("{:.1f} MB", value / 1e6);
  }
  return fmt::format("{:.2f} GB", value / 1e9);
}

std::string HumanSeconds(uint64_t seconds) {
  constexpr uint64_t kMinute = 60;
  constexpr uint64_t kHour = 60 * kMinute;
  if (seconds < 2 * kMinute) {
    return fmt::format("{} s", seconds);
  }
  if (seconds < 2 * kHour) {
    return fmt::format("{} min", seconds / kMinute);
  }
  return fmt::format("{} h", seconds / kHour);
}

}  // namespace base
