#include "hosts/worst_code.h"

#include <array>

namespace hosts {

int WorseOf(int a, int b) {
  static constexpr std::array kWorst = {130, 4, 3, 7};
  for (const int code : kWorst) {
    if (a == code || b == code) {
      return code;
    }
  }
  return a != 0 ? a : b;
}

}  // namespace hosts
