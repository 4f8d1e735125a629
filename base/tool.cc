#include "base/tool.h"

#include <exception>
#include <new>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/printable.h"

namespace base {
int RunTool(const std::string& name, int argc, char** argv, const ToolFunction& function) {
  const Io io = Io::Standard();
  InstallInterruptHandlers();
  try {
    return function(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), io);
  } catch (const Error& error) {
    // It may quote what a peer or a file says, which must not drive the terminal.
    io.Err("{}: error: {}\n{}", name, PrintableLines(error.what()),
           PrintableLines(DetailText(error.detail())));
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    io.Err("{}: error: out of memory\n", name);
  } catch (const std::exception& error) {
    io.Err("{}: error: {} (this is a bug of {}; please report it)\n", name, error.what(), name);
  }
  return static_cast<int>(ExitCode::kFailed);
}

}  // namespace base
