// A host in a temporary root that pulls from a store in memory: real keys and signatures, a real
// push, a real generation; an activation only makes it the current one.
#ifndef SLIPWAY_TESTS_ACTIVATOR_PULL_PULL_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_PULL_PULL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activator/pull/apply_set.h"
#include "activator/pull/pull.h"
#include "activator/pull/pull_files.h"
#include "activator/stage/stage.h"
#include "activator/state/generations.h"
#include "activator/state/outcome.h"
#include "activator/state/record_event.h"
#include "activator/trust/set_trust.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "images/channel/channel_head.h"
#include "images/channel/object_key.h"
#include "images/release/release.h"
#include "tests/activator/pull/fake_fetch.h"
#include "tests/images/channel/heads.h"
#include "tests/images/release/signing.h"
#include "tests/support/errors.h"
#include "tests/support/synthetic_image.h"

namespace activator {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class PullTest : public testing::Test {
 protected:
  PullTest() : keys_(MakeFolder(place_.path() + "/keys")) {
    for (const std::string& path :
         {layout_.Generations(), layout_.Incoming(), layout_.Bin(), layout_.Pull()}) {
      base::MakeDirectories(path);
    }
    Trust({"alice"});
    config_.store = "s3://apps";
    config_.host = "web1";
    config_.channels = {"web"};
    config_.every = "hourly";
    Configure();
    steps_.connect = [this] { return fetch_.Connect(); };
    steps_.activate = [this](uint64_t generation, const std::string& by, const std::string& id) {
      activated_.push_back(generation);
      return Activate(generation, by, id);
    };
    steps_.require_healthy = [this] {
      if (!unhealthy_.empty()) {
        base::Fail(base::ExitCode::kNeedsAttention, "{}", unhealthy_);
      }
    };
    steps_.prepare_root = [](const images::HostLayout& /*layout*/) {};
    steps_.probe_features = [] { return std::vector<std::string>{"erofs-zstd"}; };
    steps_.machine_id = "0123456789abcdef0123456789abcdef";
    steps_.clock = &clock_;
    clock_.now = std::chrono::floor<seconds>(base::SystemClock().Now());
  }
  ~PullTest() override { fetch_.Wait(); }

  class Clock : public base::Clock {
   public:
    std::chrono::system_clock::time_point Now() override { return now; }
    std::chrono::system_clock::time_point now;
  };

  static const std::string& MakeFolder(const std::string& path) {
    base::MakeDirectories(path);
    return path;
  }
  void Trust(const std::vector<std::string>& names) const {
    SetTrust(layout_, keys_.TrustIn(names));
  }
  void Configure() const { base::WriteFileAtomically(ConfigFile(layout_), config_.Serialize()); }

  // Version `version` of an application, released by alice; fetch can play it.
  base::Sha256 Build(const std::string& name, const std::string& version,
                     const std::string& key = "alice") {
    tests::SyntheticImage image;
    image.name = name;
    image.version = version;
    for (uint64_t i = 0; i < 3; ++i) {
      image.chunks.push_back(
          tests::NoiseBytes(std::hash<std::string>()(name + (i == 0 ? version : "")) + i, 16384));
    }
    const std::string path = tests::WriteImage(place_.path() + "/built", image);
    const images::ImageDirectory built(path);
    images::Statement statement;
    statement.channel = "production";
    statement.name = name;
    statement.manifest_sha256 = built.stored().digest;
    statement.provenance_sha256 =
        base::Sha256Of(base::ReadFileIfThere(built.provenance_path()).value_or(""));
    statement.released = clock_.now - hours(2);
    base::WriteFileAtomically(path + "/release", keys_.Sign(statement, {key}));
    if (std::ranges::find(fetch_.built, path) == fetch_.built.end()) {
      fetch_.built.push_back(path);
    }
    paths_[built.stored().digest.ToHex()] = path;
    return built.stored().digest;
  }
  std::string PathOf(const base::Sha256& digest) const { return paths_.at(digest.ToHex()); }

  images::ChannelHead Head(uint64_t version, const images::ChosenApps& apps,
                           const std::string& channel = "web") const {
    images::ChannelHead out;
    out.channel = channel;
    out.version = version;
    out.created = clock_.now - hours(1);
    out.expires = clock_.now + std::chrono::days(7);
    for (const auto& [name, digest] : apps) {
      out.apps[name] = {{digest, images::MachineArchitecture(), {"erofs-zstd"}}};
    }
    return out;
  }
  void Publish(const images::ChannelHead& head, const std::string& key = "alice") {
    fetch_.objects[images::HeadKey(head.channel)] = tests::SignHead(keys_, head, {key});
  }

  PullResult Pull(const std::vector<std::string>& channels = {}) {
    fetch_.asked.clear();
    activated_.clear();
    PullResult out = RunPull(layout_, {channels, {}}, steps_);
    fetch_.Wait();
    return out;
  }
  images::ChannelReport Report(const PullResult& result, const std::string& channel = "web") const {
    return result.state.channels.at(channel);
  }
  // What the store was told last.
  images::StateDocument Told() const {
    return images::StateDocument::Parse(fetch_.objects.at("state/web1.json"), "told");
  }
  images::HostMemory Memory(const std::string& channel = "web") const {
    return LoadMemory(layout_, channel);
  }
  uint64_t SeenVersion() const {
    const images::HostMemory memory = Memory();
    return memory.head ? memory.head->head.head.version : 0;
  }
  void ExpectNothingTaken(const std::string& name, const base::Sha256& digest) const {
    EXPECT_THAT(GenerationNumbers(layout_), testing::IsEmpty());
    EXPECT_FALSE(base::Exists(layout_.Version(name, images::ImageId::Of(digest))));
    EXPECT_THAT(base::ReadFileIfThere(layout_.Trust() + "/accepted.json").value_or(""),
                testing::Not(testing::HasSubstr(name)));
    EXPECT_THAT(activated_, testing::IsEmpty());
  }
  void MakeActive(uint64_t number) const {
    Generation generation = LoadGeneration(layout_, number);
    generation.state = GenerationState::kActive;
    StoreGeneration(layout_, generation);
    SetCurrentGeneration(layout_, number);
  }
  // As `activate --id` does it: the records say how it ended.
  ActivationEnd Activate(uint64_t number, const std::string& by, const std::string& id) const {
    std::optional<Outcome> outcome = FinalOutcome(layout_, id);
    if (!outcome) {
      Record(activation_event_.empty() ? EventFor(activation_.exit_code) : activation_event_,
             number, by, id);
      outcome = RecordedOutcome(layout_, id);
    }
    const bool tells = outcome && outcome->exit_code == activation_.exit_code;
    return {activation_event_.empty() && outcome ? outcome->exit_code : activation_.exit_code,
            tells && outcome->exit_code != 0 ? outcome->summary : activation_.why};
  }
  void Record(const std::string& what, uint64_t number, const std::string& by,
              const std::string& id) const {
    if (what.empty()) {
      return;  // it did not come so far
    }
    Event event;
    event.event = what;
    event.generation = number;
    event.from = CurrentGeneration(layout_);
    event.by = by;
    event.activation_id = id;
    event.reason = activation_.why;
    event.cut_off = cut_off_;
    RecordEvent(layout_, std::move(event));
    if (what == "activated") {
      MakeActive(number);
    } else if (what != "preflight-failed") {
      Generation generation = LoadGeneration(layout_, number);
      generation.state = GenerationState::kRolledBack;
      StoreGeneration(layout_, generation);
    }
  }
  static std::string EventFor(int exit_code) {
    return exit_code == 0   ? "activated"
           : exit_code == 1 ? "preflight-failed"
           : exit_code == 3 ? "rolled-back"
           : exit_code == 4 ? "failed"
                            : "";
  }
  // Somebody else's.
  void RunToo(const std::string& name, const base::Sha256& digest) {
    const std::string path = layout_.Version(name, images::ImageId::Of(digest));
    base::MakeDirectories(base::ParentOf(path));
    std::filesystem::copy(
        PathOf(digest), path,
        std::filesystem::copy_options::recursive | std::filesystem::copy_options::skip_existing);
    MakeActive(StageGeneration(layout_, {{name, digest}}, "bob").number);
  }

  base::TemporaryDirectory place_{testing::TempDir(), "slipway-pull-"};
  const images::HostLayout layout_{place_.path() + "/root"};
  tests::Keys keys_;
  PullConfig config_;
  Clock clock_;
  tests::FakeFetch fetch_;
  PullSteps steps_;
  ActivationEnd activation_;  // of what is activated next
  std::vector<uint64_t> activated_;
  std::string activation_event_;  // how the records have it; empty: by its exit code
  bool cut_off_ = false;          // the next one
  std::string unhealthy_;         // what is active, and why; empty: all is well

 private:
  std::map<std::string, std::string> paths_;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_PULL_PULL_FIXTURE_H_
