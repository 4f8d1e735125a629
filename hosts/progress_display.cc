#include "hosts/progress_display.h"

#include <sys/ioctl.h>

#include <algorithm>

namespace hosts {
namespace {

struct TerminalSize {
  size_t rows = 24;
  size_t columns = 80;
};

TerminalSize SizeOf(int fd) {
  TerminalSize out;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    out = {size.ws_row, size.ws_col};
  }
  return out;
}

}  // namespace

ProgressDisplay::~ProgressDisplay() { io_.WriteErr(Erased()); }

ProgressDisplay::Line::Line(ProgressDisplay& board) : board_(board) {
  const std::lock_guard<std::mutex> lock(board_.mutex_);
  text_ = board_.lines_.insert(board_.lines_.end(), "");
}

ProgressDisplay::Line::~Line() {
  const std::lock_guard<std::mutex> lock(board_.mutex_);
  board_.lines_.erase(text_);
  board_.Redraw();
}

void ProgressDisplay::Line::Show(const std::string& text) {
  const std::lock_guard<std::mutex> lock(board_.mutex_);
  *text_ = text;
  board_.Redraw();
}

base::Io ProgressDisplay::IoFor(Line& line) const {
  base::Io out = io_;
  out.status = &line;
  return out;
}

void ProgressDisplay::WriteOut(const std::string& text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  io_.WriteErr(Erased());
  io_.WriteOut(text);
  Redraw();
}

void ProgressDisplay::WriteErr(const std::string& text) {
  const std::lock_guard<std::mutex> lock(mutex_);
  io_.WriteErr(Erased() + text);
  Redraw();
}

std::string ProgressDisplay::Erased() {
  if (drawn_lines_ == 0) {
    return "";
  }
  std::string out = drawn_lines_ > 1 ? fmt::format("\033[{}A", drawn_lines_ - 1) : "";
  drawn_lines_ = 0;
  return out + "\r\033[J";
}

// The cursor stays behind the last line: a line feed there could scroll the screen.
std::string ProgressDisplay::Drawn() {
  const TerminalSize size = SizeOf(io_.err);
  std::string out;
  for (const std::string& line : lines_) {
    if (line.empty() || drawn_lines_ + 1 >= size.rows) {
      continue;
    }
    out += (drawn_lines_ > 0 ? "\n" : "") + line.substr(0, size.columns - 1);
    ++drawn_lines_;
  }
  return out;
}

void ProgressDisplay::Redraw() {
  if (io_.err_is_terminal) {
    const std::string erased = Erased();
    io_.WriteErr(erased + Drawn());
  }
}

}  // namespace hosts
