#include "base/progress.h"

#include <algorithm>
#include <utility>

namespace base {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval(100);

}  // namespace

Progress::Progress(const Io& io, std::string label, uint64_t total_bytes)
    : io_(io),
      label_(std::move(label)),
      total_bytes_(total_bytes),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

Progress::~Progress() {
  if (shown_ && io_.status == nullptr) {
    io_.WriteErr("\r\033[K");
  }
}

void Progress::Add(uint64_t bytes) {
  if (!io_.err_is_terminal) {
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  done_bytes_ += bytes;
  if (std::chrono::steady_clock::now() - drawn_ >= kRedrawInterval) {
    Draw();
  }
}

void Progress::Draw() {
  drawn_ = std::chrono::steady_clock::now();
  shown_ = true;
  if (io_.status != nullptr) {
    io_.status->Show(Text());
  } else {
    io_.WriteErr("\r\033[K" + Text());
  }
}

std::string Progress::Text() const {
  const double seconds = std::chrono::duration<double>(drawn_ - start_).count();
  const auto rate =
      static_cast<uint64_t>(static_cast<double>(done_bytes_) / std::max(seconds, 0.1));
  std::string line = fmt::format("{} {}", label_, HumanBytes(done_bytes_));
  if (total_bytes_ > 0) {
    line += fmt::format(" of {} ({}%)", HumanBytes(total_bytes_),
                        std::min<uint64_t>(100, done_bytes_ * 100 / total_bytes_));
  }
  line += fmt::format(", {}/s", HumanBytes(rate));
  if (total_bytes_ > done_bytes_ && rate > 0) {
    line += fmt::format(", {} s left", (total_bytes_ - done_bytes_) / rate);
  }
  return line;
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

}  // namespace base
