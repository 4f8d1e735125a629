#include "base/tool.h"

#include <algorithm>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/interrupt.h"

namespace base {
namespace {

// An error may quote what a peer or a file says; it must not drive the terminal.
std::string WithoutControls(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f'; }, '?');
  return text;
}

}  // namespace

int RunTool(const std::string& name, int argc, char** argv, const ToolFunction& function) {
  const Io io = Io::Standard();
  InstallInterruptHandlers();
  try {
    return function(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), io);
  } catch (const Error& error) {
    io.Err("{}: error: {}\n{}", name, WithoutControls(error.what()),
           WithoutControls(DetailText(error.detail())));
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    io.Err("{}: error: out of memory\n", name);
  } catch (const std::exception& error) {
    io.Err("{}: error: {} (this is a bug of {}; please report it)\n", name, error.what(), name);
  }
  return static_cast<int>(ExitCode::kFailed);
}

}  // namespace base
