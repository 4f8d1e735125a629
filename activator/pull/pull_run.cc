#include "activator/pull/pull_run.h"

#include <utility>

#include "activator/pull/pull_files.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace activator {
namespace {

// What the way of an answer takes is no other clock: without this, each poll would be news.
constexpr std::chrono::seconds kSameClock(5);

}  // namespace

bool IsOwnInterrupt(const base::Error& error) {
  return error.code() == base::ExitCode::kInterrupted && base::Interrupted();
}

PullRun::PullRun(const images::HostLayout& layout_of_host, const PullConfig& config_of_host,
                 const PullSteps& steps_of_pull, images::Trust trust_of_host,
                 std::chrono::seconds last_offset)
    : layout(layout_of_host),
      config(config_of_host),
      steps(steps_of_pull),
      trust(std::move(trust_of_host)),
      verifier(trust.texts),
      abilities{steps_of_pull.architecture, steps_of_pull.probe_features()},
      memories(LoadMemories(layout_of_host)),
      clock_offset(last_offset) {}

images::TimePoint PullRun::Now() const {
  return std::chrono::floor<std::chrono::seconds>(steps.clock->Now());
}

FetchClient& PullRun::Client() {
  if (!unreachable.empty()) {
    throw base::Error(base::ExitCode::kBusy, unreachable);
  }
  if (!client) {
    try {
      client.emplace(steps.connect(), config, steps.idle_limit);
    } catch (const base::Error& error) {
      unreachable = error.what();
      throw;
    }
  }
  return *client;
}

template <typename Work>
auto PullRun::Asking(const Work& work) {
  FetchClient& asked = Client();
  try {
    return work(asked);
  } catch (const base::Error& error) {
    if (asked.is_unreachable()) {
      unreachable = error.what();
    }
    client.reset();
    throw;
  }
}

FetchClient::Object PullRun::Get(const std::string& key, uint64_t max_bytes,
                                 const std::string& known_version) {
  return Asking([&](FetchClient& asked) {
    FetchClient::Object out = asked.Get(key, max_bytes, known_version);
    if (const auto& offset = asked.clock_offset();
        offset && std::chrono::abs(*offset - clock_offset) > kSameClock) {
      clock_offset = *offset;
    }
    return out;
  });
}

void PullRun::Put(const std::string& key, const std::string& content) {
  Asking([&](FetchClient& asked) { asked.Put(key, content); });
}

void PullRun::Remember(images::HostMemory memory) { memories[memory.channel] = std::move(memory); }

}  // namespace activator
