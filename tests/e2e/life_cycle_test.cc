// The life of an application on a real host: pushed, activated, upgraded, rolled back, broken,
// pruned, rebooted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/version/image_directory.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string IdOf(const std::string& image) { return images::ImageDirectory(image).id().text(); }

TEST(LifeCycleTest, FromTheFirstPushToPruning) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  const std::string v2 = workshop.Build("nginx", "v2");
  const std::string v3 = workshop.Build("nginx", "v3");
  const TestHost host("life");

  const Push first = MustPushTo(host, {v1});
  MustActivate(host, "--generation " + std::to_string(first.generation));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_EQ(RootImageOf(host, "nginx.service"),
            "/var/lib/images/nginx/" + IdOf(v1) + "/image.erofs");

  const Push second = MustPushTo(host, {v2});
  EXPECT_LE(second.sent_bytes, second.image_bytes * 60 / 100);
  EXPECT_THAT(Page(host), HasSubstr("v1"));  // staged is not active
  MustActivate(host, "--generation " + std::to_string(second.generation));
  EXPECT_THAT(Page(host), HasSubstr("v2"));

  MustActivate(host, "--rollback");
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_EQ(RootImageOf(host, "nginx.service"),
            "/var/lib/images/nginx/" + IdOf(v1) + "/image.erofs");

  const Push broken = MustPushTo(host, {v3});
  const RunResult failed = Activate(host, "--generation " + std::to_string(broken.generation));
  EXPECT_EQ(failed.exit_code, 3) << failed.out << failed.err;
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  const nlohmann::json list = nlohmann::json::parse(Activate(host, "list --json").out);
  bool found = false;
  for (const nlohmann::json& generation : list) {
    if (generation.at("number") == broken.generation) {
      EXPECT_EQ(generation.at("state"), "rolled-back");
      found = true;
    }
  }
  EXPECT_TRUE(found) << list.dump(2);

  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));

  MustActivate(host, "prune --keep 1");
  EXPECT_EQ(host.MustRun("ls /var/lib/images/nginx"), IdOf(v1) + "\n");
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_LT(MustPushTo(host, {v1}).sent_bytes, 20'000U);
}

// Built images never lack their program (imgbuild checks), so this one's manifest is written by
// hand.
TEST(LifeCycleTest, AProgramThatIsNotInTheImageIsRefusedBeforeAnythingIsTouched) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  images::Manifest manifest = images::ImageDirectory(v1).manifest();
  manifest.services.at("nginx").exec = {"/usr/bin/ngimx"};
  const std::string text = manifest.Serialize();
  const std::string v4 =
      base::ParentOf(v1) + "/" + images::ImageId::Of(base::Sha256Of(text)).text();
  MustRun({"cp", "-r", v1, v4});
  MustRun({"tee", v4 + "/manifest.json"}, {.input = text});

  const TestHost host("refuse");
  MustActivate(host, "--generation " + std::to_string(MustPushTo(host, {v1}).generation));
  const std::string start = StartOf(host, "nginx.service");
  const Push wrong = MustPushTo(host, {v4});
  const RunResult refused = Activate(host, "--generation " + std::to_string(wrong.generation));
  EXPECT_EQ(refused.exit_code, 1) << refused.out << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("/usr/bin/ngimx"));
  EXPECT_EQ(StartOf(host, "nginx.service"), start);
  EXPECT_THAT(Page(host), HasSubstr("v1"));
}

TEST(LifeCycleTest, TwoOperatorsTwoApplicationsBothActiveInTheEnd) {
  Workshop workshop;
  const std::string nginx = workshop.Build("nginx", "v1");
  const std::string hello = workshop.Build("hello", "hello");
  const TestHost host("two");
  const Push one = MustPushTo(host, {nginx});
  const Push other = MustPushTo(host, {hello});
  MustActivate(host, "--generation " + std::to_string(one.generation));
  const std::string start = StartOf(host, "nginx.service");
  MustActivate(host, "--generation " + std::to_string(other.generation));
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_THAT(Page(host, "http://127.0.0.1:8080/"), HasSubstr("hello v1"));
  EXPECT_EQ(StartOf(host, "nginx.service"), start);  // what did not change was not restarted
  host.Reboot();
  EXPECT_THAT(Page(host), HasSubstr("v1"));
  EXPECT_THAT(Page(host, "http://127.0.0.1:8080/"), HasSubstr("hello v1"));
}

TEST(LifeCycleTest, TwoPushesOfOneApplicationDoNotUndoEachOther) {
  Workshop workshop;
  const std::string v1 = workshop.Build("nginx", "v1");
  const std::string v2 = workshop.Build("nginx", "v2");
  const TestHost host("stale");
  const Push one = MustPushTo(host, {v1});
  const Push other = MustPushTo(host, {v2});
  MustActivate(host, "--generation " + std::to_string(other.generation));
  const RunResult stale = Activate(host, "--generation " + std::to_string(one.generation));
  EXPECT_EQ(stale.exit_code, 8) << stale.out << stale.err;
  EXPECT_THAT(Page(host), HasSubstr("v2"));
}

TEST(LifeCycleTest, ArgumentsAndEnvironmentReachTheProcessByteForByte) {
  const std::vector<std::string> odd = {"/usr/bin/httpd",
                                        "-f",
                                        "-p",
                                        "8080",
                                        "-h",
                                        "/srv/www",
                                        "-r",
                                        "a b\t\"c\" 'd' $HOME ${X} $$ %n %% \\n \\ ; # *"};
  Workshop workshop;
  nlohmann::json patch;
  patch["services"]["hello"]["exec"] = odd;
  patch["services"]["hello"]["environment"]["ODD"] = odd.back();
  const std::string image = workshop.Build("hello", "hello", patch);
  const TestHost host("bytes");
  MustActivate(host, "--generation " + std::to_string(MustPushTo(host, {image}).generation));
  const std::string pid = "$(systemctl show -p MainPID --value hello.service)";
  std::string expected;
  for (const std::string& argument : odd) {
    expected += argument + '\n';
  }
  EXPECT_EQ(host.MustRun("tr '\\0' '\\n' < /proc/" + pid + "/cmdline"), expected);
  EXPECT_THAT(host.MustRun("tr '\\0' '\\n' < /proc/" + pid + "/environ"),
              HasSubstr("ODD=" + odd.back() + "\n"));
}

TEST(LifeCycleTest, AGenerationThatDoesNotExist) {
  Workshop workshop;
  const TestHost host("none");
  MustPushTo(host, {workshop.Build("hello", "hello")});
  const RunResult result = Activate(host, "--generation 7");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("generation 7"));
  EXPECT_THAT(result.err, Not(HasSubstr("what()")));
}

}  // namespace
}  // namespace tests
