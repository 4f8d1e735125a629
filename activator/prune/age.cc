#include "activator/prune/age.h"

namespace activator {
namespace {

constexpr time_t kEarliest = 1'704'067'200;  // 2024-01-01

}  // namespace

bool IsOlderThan(time_t when, time_t seconds, time_t now) {
  return when >= kEarliest && now >= kEarliest && now - when > seconds;
}

}  // namespace activator
