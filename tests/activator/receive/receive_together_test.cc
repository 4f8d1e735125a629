// Two pushes to one host at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "activator/receive/assembly.h"
#include "tests/activator/receive/push_fixture.h"

namespace activator {
namespace {

using testing::HasSubstr;

class TogetherTest : public PushTest {
 protected:
  // A transfer of the image as another push begins it.
  std::unique_ptr<Assembly> Begin(const std::string& built) {
    base::MakeDirectories(layout().Incoming());
    const images::ImageDirectory image(built);
    const std::string index = base::ReadFile(image.index_path());
    auto out = std::make_unique<Assembly>(layout(), image.stored(), index, "another");
    out->WriteMetadata(index, base::ReadFile(image.provenance_path()));
    return out;
  }
  // And ends it.
  static void End(Assembly& other, const std::string& built) {
    EXPECT_TRUE(other.LinkTo(built + "/image.erofs"));
    other.Verify();
    other.Publish(false);
  }
};

TEST_F(TogetherTest, TheSecondOfOneVersionIsRefusedAndSaysWhoIsAtIt) {
  const std::string built = Build("1");
  const auto other = Begin(built);
  options_.lock_wait = std::chrono::milliseconds(0);
  EXPECT_THAT(Push({built}).error, HasSubstr("a push by another, pid "));
}

// What the greeting said is old by then.
TEST_F(TogetherTest, WhoWaitedForTheSameVersionIsSentNothing) {
  const std::string built = Build("1");
  auto other = Begin(built);
  options_.lock_wait = std::chrono::seconds(60);
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    End(*other, built);
    other.reset();
  });
  const Outcome second = Push({built});
  ends.join();
  EXPECT_EQ(second.error, "");
  EXPECT_EQ(second.images.at(0).chunks_sent, 0U);
  EXPECT_FALSE(second.images.at(0).repaired);
  ExpectSame(built);
  EXPECT_TRUE(base::ListDirectory(layout().Incoming()).empty());
}

TEST_F(TogetherTest, TwoVersionsDoNotMeet) {
  options_.lock_wait = std::chrono::seconds(60);
  const std::string one = Build("1");
  chunks_[4].replace(50000, 20, "twenty other letters");
  const std::string two = Build("2");
  Outcome first;
  std::thread beside([&] { first = Push({one}); });
  const Outcome second = Push({two});
  beside.join();
  EXPECT_EQ(first.error, "");
  EXPECT_EQ(second.error, "");
  ExpectSame(one);
  ExpectSame(two);
}

}  // namespace
}  // namespace activator
