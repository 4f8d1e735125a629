// A static program that runs until it is stopped: the smallest service that an image can hold.
#include <unistd.h>

int main() {
  for (;;) pause();
}
