#include "base/tool.h"

#include <exception>
#include <new>

#include "base/error.h"
#include "base/interrupt.h"

namespace base {

int RunTool(const std::string& name, int argc, char** argv, const ToolFunction& function) {
  const Io io = Io::Standard();
  InstallInterruptHandlers();
  try {
    return function(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), io);
  } catch (const Error& error) {
    io.Err("{}: error: {}\n", name, error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    io.Err("{}: error: out of memory\n", name);
  } catch (const std::exception& error) {
    io.Err("{}: error: {} (this is a bug of {}; please report it)\n", name, error.what(), name);
  }
  return static_cast<int>(Code::kFailed);
}

}  // namespace base
