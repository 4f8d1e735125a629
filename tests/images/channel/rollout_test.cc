// Where hosts stand, and when each starts.
#include "images/channel/rollout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/images/channel/heads.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using std::chrono::seconds;

// The canaries at once, a tenth after an hour, the rest after a day, each wave within an hour.
ChannelHead InWaves() {
  ChannelHead head = tests::Head();
  head.rollout.waves = {
      {{"canary"}, 0, seconds(0)}, {{}, 10, seconds(3600)}, {{}, 100, seconds(86400)}};
  head.rollout.spread = seconds(3600);
  return head;
}

int64_t SecondsIn(const ChannelHead& head, uint64_t place,
                  const std::vector<std::string>& groups = {}) {
  const RolloutStart start = StartOf(head, groups, place);
  EXPECT_EQ(start.kind, StartKind::kAt);
  return std::chrono::duration_cast<seconds>(start.at - head.created).count();
}

// By hand: printf 'slipway-rollout\0web\0\0MACHINE' | sha256sum, and the digits modulo 10000.
TEST(RolloutTest, ThePlaceIsWhatTheDocumentSays) {
  const std::string machine = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(PlaceOf("web", "", machine), 9036);
  EXPECT_EQ(PlaceOf("web", "b", machine), 5640);
  EXPECT_EQ(PlaceOf("db", "", machine), 3866);
  EXPECT_EQ(PlaceOf("web", "", std::string(32, 'f')), 8197);
  EXPECT_NE(PlaceOf("we", "b", machine), PlaceOf("web", "", machine));  // the zeros are between
}

TEST(RolloutTest, WavesBeginAndEndWhereTheHeadSays) {
  const ChannelHead head = InWaves();
  EXPECT_EQ(SecondsIn(head, 0), 3600);
  EXPECT_EQ(SecondsIn(head, 1), 3603);  // 3600 s over 1000 places: 3.6 s each, rounded down
  EXPECT_EQ(SecondsIn(head, 500), 5400);
  EXPECT_EQ(SecondsIn(head, 999), 7196);  // the last of the tenth
  EXPECT_EQ(SecondsIn(head, 1000), 86400);
  EXPECT_EQ(SecondsIn(head, 1001), 86400);  // 0.4 s each
  EXPECT_EQ(SecondsIn(head, 9999), 86400 + 3599);
  EXPECT_EQ(StartOf(head, {}, 999).wave, 1);
  EXPECT_EQ(StartOf(head, {}, 1000).wave, 2);
  EXPECT_THAT(tests::MessageOf([&] { StartOf(head, {}, kPlaces); }),
              ::testing::HasSubstr("no place 10000"));
}

TEST(RolloutTest, AHostOfAGroupStartsInItsWave) {
  const ChannelHead head = InWaves();
  EXPECT_EQ(SecondsIn(head, 0, {"canary"}), 0);
  EXPECT_EQ(SecondsIn(head, 5000, {"db", "canary"}), 1800);  // spread over all places
  EXPECT_EQ(SecondsIn(head, 9999, {"canary"}), 3599);
  EXPECT_EQ(SecondsIn(head, 9999, {"canary2"}), 86400 + 3599);
}

// Its group is of a later wave than its place: the first wave wins.
TEST(RolloutTest, TheFirstWaveWins) {
  ChannelHead head = InWaves();
  head.rollout.waves = {
      {{}, 10, seconds(0)}, {{"late"}, 10, seconds(100)}, {{}, 100, seconds(200)}};
  head.rollout.spread = seconds(0);
  EXPECT_EQ(SecondsIn(head, 999, {"late"}), 0);
  EXPECT_EQ(SecondsIn(head, 1000, {"late"}), 100);
  EXPECT_EQ(SecondsIn(head, 1000), 200);
}

TEST(RolloutTest, HeldUrgentAndOutside) {
  ChannelHead head = InWaves();
  head.rollout.waves.pop_back();
  EXPECT_EQ(StartOf(head, {}, 999).kind, StartKind::kAt);
  EXPECT_EQ(StartOf(head, {}, 1000).kind, StartKind::kInNoWave);
  head.rollout.urgent = true;
  EXPECT_EQ(SecondsIn(head, 9999), 0);
  head.rollout.urgent = false;
  head.rollout.hold = true;
  EXPECT_EQ(StartOf(head, {"canary"}, 0).kind, StartKind::kHeld);
}

TEST(RolloutTest, TheLongestTimesDoNotOverflow) {
  ChannelHead head = InWaves();
  head.rollout.waves = {{{}, 100, seconds(366 * 86400)}};
  head.rollout.spread = seconds(366 * 86400);
  EXPECT_EQ(SecondsIn(head, 9999), 366 * 86400 + int64_t{366} * 86400 * 9999 / 10000);
}

// A thousand hosts fall where the head says: in the wave that their place says, each wave as large
// as its share, spread evenly over its time.
TEST(RolloutTest, AThousandHostsFallWhereTheHeadSays) {
  const ChannelHead head = InWaves();
  std::map<size_t, std::vector<int64_t>> starts;  // by wave
  for (int i = 0; i < 1000; ++i) {
    const std::string machine = base::Sha256Of(std::to_string(i)).ToHex().substr(0, 32);
    const uint64_t place = PlaceOf(head.channel, head.rollout.salt, machine);
    const std::vector<std::string> groups =
        i % 100 == 0 ? std::vector<std::string>{"canary"} : std::vector<std::string>{};
    const RolloutStart start = StartOf(head, groups, place);
    ASSERT_EQ(start.kind, StartKind::kAt);
    EXPECT_EQ(start.wave, !groups.empty() ? 0 : place < 1000 ? 1 : 2);
    starts[start.wave].push_back(SecondsIn(head, place, groups));
  }
  const int64_t begins[] = {0, 3600, 86400};
  EXPECT_EQ(starts[0].size(), 10);
  EXPECT_NEAR(static_cast<double>(starts[1].size()), 99, 30);  // three standard deviations
  for (const auto& [wave, times] : starts) {
    EXPECT_GE(std::ranges::min(times), begins[wave]);
    EXPECT_LT(std::ranges::max(times), begins[wave] + 3600);
  }
  // Each tenth of the last wave's hour has its share of 891 hosts.
  std::map<int64_t, int> tenths;
  for (const int64_t at : starts[2]) {
    ++tenths[(at - begins[2]) / 360];
  }
  for (int64_t tenth = 0; tenth < 10; ++tenth) {
    EXPECT_NEAR(tenths[tenth], 89, 30) << tenth;
  }
}

// Another salt gives another order: the same hosts are not always first.
TEST(RolloutTest, TheSaltMixesAnew) {
  int first_both_times = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string machine = base::Sha256Of(std::to_string(i)).ToHex().substr(0, 32);
    first_both_times += PlaceOf("web", "1", machine) < 1000 && PlaceOf("web", "2", machine) < 1000;
  }
  EXPECT_LT(first_both_times, 30);  // 10 by chance
}

}  // namespace
}  // namespace images
