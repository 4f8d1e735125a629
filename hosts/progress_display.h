// Shows several hosts on a terminal: one changing line for each at the lower end, below the text
// that stays. If standard error is not a terminal, only that text appears.
//
// Several threads may use one object.
#ifndef SLIPWAY_HOSTS_PROGRESS_DISPLAY_H_
#define SLIPWAY_HOSTS_PROGRESS_DISPLAY_H_

#include <list>
#include <mutex>
#include <string>

#include "base/io.h"
#include "base/log.h"
#include "base/progress.h"

namespace hosts {

class ProgressDisplay {
 public:
  explicit ProgressDisplay(const base::Io& io) : io_(io) {}
  ~ProgressDisplay();  // leaves no line; those of threads are gone before
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  // A line for as long as the object lives.
  class Line : public base::StatusLine {
   public:
    explicit Line(ProgressDisplay& board);
    ~Line() override;
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;
    void Show(const std::string& text) override;

   private:
    ProgressDisplay& board_;
    std::list<std::string>::iterator text_;
  };

  // An Io for what works in the background of `line`.
  base::Io IoFor(Line& line) const;

  // Text that stays, as io.WriteOut and io.WriteErr.
  void WriteOut(const std::string& text);
  void WriteErr(const std::string& text);

 private:
  std::string Erased();  // what takes the lines away
  std::string Drawn();
  void Redraw();

  const base::Io io_;
  std::mutex mutex_;
  std::list<std::string> lines_;
  size_t drawn_lines_ = 0;
  const base::LogOutput log_{[this](const std::string& line) { WriteErr(line); }};
};

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_PROGRESS_DISPLAY_H_
