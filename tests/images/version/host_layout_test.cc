#include "images/version/host_layout.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/support/scratch.h"

namespace images {
namespace {

constexpr const char* kIdA = "0123456789abcdef";
constexpr const char* kIdB = "fedcba9876543210";

class HostLayoutTest : public tests::ScratchTest {
 protected:
  std::vector<std::string> Versions() const {
    std::vector<std::string> out;
    for (const VersionDirectory& version : HostLayout(scratch()).Versions()) {
      EXPECT_EQ(version.path, At(version.name + "/" + version.id.text()));
      out.push_back(version.name + "/" + version.id.text());
    }
    return out;
  }
  void MakeDirectory(const std::string& name) { std::filesystem::create_directories(At(name)); }
};

// The layout is documented; operators and other tools look there.
TEST(Layout, HasOnePlaceForEachThing) {
  const HostLayout layout("/var/lib/images");
  const ImageId id = ImageId::Parse(kIdA);
  EXPECT_EQ(layout.root(), kDefaultRoot);
  EXPECT_EQ(layout.Application("nginx"), "/var/lib/images/nginx");
  EXPECT_EQ(layout.Version("nginx", id), "/var/lib/images/nginx/0123456789abcdef");
  EXPECT_EQ(layout.Incoming(), "/var/lib/images/incoming");
  EXPECT_EQ(layout.Incoming(id), "/var/lib/images/incoming/0123456789abcdef");
  EXPECT_EQ(layout.Generations(), "/var/lib/images/generations");
  EXPECT_EQ(layout.Generation(12), "/var/lib/images/generations/12");
  EXPECT_EQ(layout.Current(), "/var/lib/images/current");
  EXPECT_EQ(layout.SwitchRecord(), "/var/lib/images/switch.json");
  EXPECT_EQ(layout.History(), "/var/lib/images/history.jsonl");
  EXPECT_EQ(layout.Lock(), "/var/lib/images/lock");
  EXPECT_EQ(layout.Bin(), "/var/lib/images/bin");
}

TEST_F(HostLayoutTest, ListsVersionsByNameThenId) {
  MakeDirectory(std::string("nginx/") + kIdB);
  MakeDirectory(std::string("nginx/") + kIdA);
  MakeDirectory(std::string("app/") + kIdB);
  EXPECT_EQ(Versions(),
            (std::vector<std::string>{std::string("app/") + kIdB, std::string("nginx/") + kIdA,
                                      std::string("nginx/") + kIdB}));
}

TEST_F(HostLayoutTest, PassesOverWhatIsNoVersion) {
  MakeDirectory(std::string("nginx/") + kIdA);
  MakeDirectory(std::string("lost+found/") + kIdB);
  MakeDirectory(std::string("incoming/") + kIdB);
  MakeDirectory(std::string("generations/") + kIdB);
  MakeDirectory(std::string("bin/") + kIdB);
  MakeDirectory(std::string("Upper/") + kIdB);
  MakeDirectory(std::string("nginx/.slipway-tmp-") + kIdB);
  MakeDirectory("nginx/notes");
  Put("switch.json", "{}");
  Put("history.jsonl", "");
  Put("lock", "");
  Put("notes", "");
  Put(std::string("nginx/") + kIdB, "a file");
  ASSERT_EQ(::symlink(kIdA, At("nginx/1111111111111111").c_str()), 0);
  ASSERT_EQ(::symlink("generations/1", At("current").c_str()), 0);
  EXPECT_EQ(Versions(), std::vector<std::string>{std::string("nginx/") + kIdA});
}

TEST_F(HostLayoutTest, NewHostHoldsNothing) {
  EXPECT_TRUE(Versions().empty());
  EXPECT_TRUE(HostLayout(At("none")).Versions().empty());
}

}  // namespace
}  // namespace images
