#include "builder/trial/this_machine.h"

#include "base/error.h"
#include "base/file.h"

namespace builder {

std::optional<struct stat> StatHere(const std::string& path) {
  try {
    return base::StatIfThere(path);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace builder
