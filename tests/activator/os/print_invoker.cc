// Says who invoked it, as the agent finds it out.
#include <cstdio>

#include "activator/os/invoker.h"

int main() {
  std::puts(activator::Invoker().c_str());
  return 0;
}
