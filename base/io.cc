#include "base/io.h"

#include <unistd.h>

#include <exception>

#include "base/file.h"

namespace base {

Io Io::Standard() {
  Io io;
  io.err_is_terminal = ::isatty(io.err) == 1;
  io.in_is_terminal = ::isatty(io.in) == 1;
  return io;
}

void Io::WriteOut(std::string_view text) const { WriteAll(out, AsBytes(text), "standard output"); }

void Io::WriteErr(std::string_view text) const noexcept {
  try {
    WriteAll(err, AsBytes(text), "standard error");
  } catch (const std::exception&) {  // nobody is left to tell
  }
}

}  // namespace base
