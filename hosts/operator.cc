#include "hosts/operator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace hosts {
namespace {

// No name service is asked: a static program would load the libraries of another libc for it.
std::string WhoAmI() {
  for (const char* variable : {"LOGNAME", "USER"}) {
    if (const char* name = std::getenv(variable); name != nullptr && *name != '\0') {
      return name;
    }
  }
  return ::getuid() == 0 ? "root" : fmt::format("uid{}", ::getuid());
}

}  // namespace

std::string Operator() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  std::string out = fmt::format("{}@{}", WhoAmI(), name.data());
  std::ranges::replace_if(
      out,
      [](unsigned char c) {
        return std::isalnum(c) == 0 && c != '@' && c != '.' && c != '-' && c != '_';
      },
      '_');
  return out;
}

}  // namespace hosts
