#include "builder/source/oci_health.h"

#include <algorithm>

namespace builder {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStartInterval = 5 * kSecond;
constexpr int64_t kTimeout = 30 * kSecond;
constexpr uint64_t kMostTrySeconds = 600;  // as a definition may say
constexpr uint64_t kMostTimeoutSeconds = 3600;

// Rounded up.
uint64_t SecondsOf(int64_t nanoseconds, uint64_t most) {
  const auto seconds = static_cast<uint64_t>(std::max<int64_t>(nanoseconds - 1, 0) / kSecond + 1);
  return std::min(seconds, most);
}

int64_t Or(int64_t said, int64_t otherwise) { return said > 0 ? said : otherwise; }

}  // namespace

std::optional<images::Health> HealthOf(const OciHealthcheck& check, std::string* why) {
  why->clear();
  if (check.test.empty() || check.test.front() == "NONE") {
    return std::nullopt;
  }
  images::Health out;
  if (check.test.front() == "CMD") {
    out.exec.assign(check.test.begin() + 1, check.test.end());
  } else if (check.test.front() == "CMD-SHELL" && check.test.size() == 2) {
    out.exec = check.shell.empty() ? images::Command{"/bin/sh", "-c"} : check.shell;
    out.exec.push_back(check.test[1]);
  }
  if (out.exec.empty() || out.exec.front().empty()) {
    *why = "it is neither CMD nor CMD-SHELL with a command";
    return std::nullopt;
  }
  for (const std::string& argument : out.exec) {
    if (argument.find_first_of(std::string("\n\0", 2)) != std::string::npos) {
      *why = "a unit cannot hold a command of several lines";
      return std::nullopt;
    }
  }
  const int64_t interval = std::min(Or(check.interval_ns, kStartInterval), kStartInterval);
  out.interval_seconds = SecondsOf(Or(check.start_interval_ns, interval), kMostTrySeconds);
  out.try_seconds = SecondsOf(Or(check.timeout_ns, kTimeout), kMostTrySeconds);
  const uint64_t tries = static_cast<uint64_t>(std::clamp<int64_t>(Or(check.retries, 3), 1, 3600));
  const uint64_t gives_up =
      (check.start_period_ns > 0 ? SecondsOf(check.start_period_ns, kMostTimeoutSeconds) : 0) +
      tries * SecondsOf(Or(check.interval_ns, 30 * kSecond), kMostTimeoutSeconds);
  out.timeout_seconds = std::clamp(gives_up, out.timeout_seconds, kMostTimeoutSeconds);
  return out;
}

}  // namespace builder
