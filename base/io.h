// The input and output of a tool: results go to `out`, text for people to `err`. The RunX functions
// take one, so that tests run a whole tool in-process. Does not own the descriptors.
#ifndef SLIPWAY_BASE_IO_H_
#define SLIPWAY_BASE_IO_H_

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace base {

// Back to the start of a terminal's line, which is empty then.
inline constexpr std::string_view kEraseLine = "\r\033[K";

class StatusLine;

struct Io {
  int in = 0;
  int out = 1;
  int err = 2;
  bool err_is_terminal = false;
  bool in_is_terminal = false;
  StatusLine* status = nullptr;  // where progress is shown; nullptr: a line of its own on `err`

  static Io Standard();

  // Throws where the reader of results is gone: a lost result must not look like success.
  template <typename... Args>
  void Out(fmt::format_string<Args...> format, Args&&... args) const {
    WriteOut(fmt::format(format, std::forward<Args>(args)...));
  }
  // Never throws: text for a person is not worth failing for. On a terminal it takes the place of a
  // line of progress (base/progress.h).
  template <typename... Args>
  void Err(fmt::format_string<Args...> format, Args&&... args) const {
    const std::string text = fmt::format(format, std::forward<Args>(args)...);
    WriteErr(err_is_terminal ? fmt::format("{}{}", kEraseLine, text) : text);
  }
  void WriteOut(std::string_view text) const;
  void WriteErr(std::string_view text) const noexcept;
};

}  // namespace base

#endif  // SLIPWAY_BASE_IO_H_
