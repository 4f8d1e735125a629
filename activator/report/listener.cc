#include "activator/report/listener.h"

#include <poll.h>

#include <array>

namespace activator {

bool SomebodyListens(const base::Io& io, bool until_input_ends, int wait_ms) {
  std::array<pollfd, 2> fds = {pollfd{io.out, 0, 0},
                               pollfd{until_input_ends ? io.in : -1, POLLIN, 0}};
  return ::poll(fds.data(), fds.size(), wait_ms) <= 0;
}

}  // namespace activator
