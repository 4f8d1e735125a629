// Runs part of a test without root's power over files.
#ifndef TESTS_SUPPORT_AS_NOBODY_H_
#define TESTS_SUPPORT_AS_NOBODY_H_

#include <unistd.h>

#include <cstdio>
#include <exception>

namespace tests {

inline constexpr uid_t kNobody = 65534;

// For the statement of EXPECT_EXIT: becomes nobody where we are root, calls `call` and ends the
// process, with 0 where it returned and 1, its words on stderr, where it threw.
template <typename Call>
[[noreturn]] void ExitAsNobody(Call call) {
  if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) {
    ::_exit(2);
  }
  try {
    call();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace tests

#endif  // TESTS_SUPPORT_AS_NOBODY_H_
