// `imgbuild init` on real programs: what it writes is read, built and tried as it stands.
#include <nlohmann/json.hpp>

#include "images/definition/definition.h"
#include "tests/builder/trial/trial_fixture.h"
#include "tests/support/run.h"

namespace builder {
namespace {

using testing::HasSubstr;

class InitTest : public TrialFixture {
 protected:
  Outcome Init(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "init");
    const Outcome out = Imgbuild(arguments);
    EXPECT_THAT(base::ListDirectory(At("tmp")), testing::IsEmpty());
    return out;
  }
  images::Definition Written(const std::string& name) {
    return images::LoadDefinition(At("images"), name);
  }
};

TEST_F(InitTest, AProgramWithAPortGetsACheckThatPasses) {
  const Outcome outcome = Init({"tree/bin/actor", "--", "serve", "8080", "0", "hello"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, At("images/actor.json") + "\n");
  const images::Definition written = Written("actor");
  const images::Service& service = written.services.at("actor");
  EXPECT_EQ(service.exec, (images::Command{"/opt/actor/actor", "serve", "8080", "0", "hello"}));
  EXPECT_EQ(service.ports, (std::vector<uint64_t>{8080}));
  ASSERT_TRUE(service.health.http);
  EXPECT_EQ(service.health.http->url, "/");
  EXPECT_THAT(Get("images/actor.json"), HasSubstr("// It listened there in a trial.\n"));
  EXPECT_EQ(Try("actor").code, 0);
}

TEST_F(InitTest, AScriptThatWritesGetsItsDirectories) {
  Put("app.sh",
      "#!/bin/busybox sh\n"
      "b=/bin/busybox\n"
      "$b mkdir -p /var/lib/app && echo x >/var/lib/app/index.html || exit 1\n"
      "$b mkdir -p /var/cache/other && $b mkdir -p /data/deep || exit 1\n"
      "exec $b httpd -f -p 8123 -h /var/lib/app\n");
  const Outcome outcome = Init({"app.sh"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string text = Get("images/app.json");
  const images::Definition written = Written("app");
  EXPECT_EQ(written.contents.files.at("/opt/app/app.sh"), At("images/../app.sh")) << text;
  const images::Service& service = written.services.at("app");
  const auto& lines = service.directives.at("Service");
  EXPECT_EQ(lines.at("CacheDirectory"), "other") << text;
  EXPECT_EQ(lines.at("StateDirectory"), "app app/data") << text;
  ASSERT_EQ(service.binds.size(), 1U) << text;
  EXPECT_EQ(service.binds[0].host, "/var/lib/app/data");
  EXPECT_TRUE(service.health.http) << text;
  const Outcome tried = Try("app");
  EXPECT_EQ(tried.code, 0) << tried.out << text;
  EXPECT_THAT(tried.out, HasSubstr("/var/lib/app/index.html"));
}

TEST_F(InitTest, AFileThatItLacksComesAlong) {
  Put("run.sh", "#!/bin/busybox sh\ncat /etc/debian_version || exit 1\nexec sleep 1000\n");
  const Outcome outcome = Init({"run.sh", "--seconds", "2"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(Written("run").contents.add, testing::Contains("/etc/debian_version"));
  EXPECT_EQ(Try("run", Who::kUs, {}, "2").code, 0);
}

TEST_F(InitTest, OneThatEndsByItselfIsAOneshot) {
  ASSERT_EQ(Init({"tree/bin/actor", "--name", "job", "--", "exit", "0", "0", "done"}).code, 0);
  EXPECT_EQ(Written("job").services.at("job").type, "oneshot");
  EXPECT_EQ(Try("job").code, 0);
}

TEST_F(InitTest, OfAScriptsFolderOnlyItsKindComesAlong) {
  if (!base::Exists("/usr/bin/python3")) {
    GTEST_SKIP() << "no python3";
  }
  Put("code/app.py", "import other\n");
  Put("code/other.py", "");
  Put("code/letters.txt", "private");
  ASSERT_EQ(Init({"code/app.py", "--no-trial"}).code, 0);
  const images::Definition written = Written("app");
  EXPECT_EQ(written.contents.files.size(), 2U);
  EXPECT_EQ(written.services.at("app").environment.at("PYTHONUNBUFFERED"), "1");
  EXPECT_THAT(Get("images/app.json"), HasSubstr("a script of python"));
}

TEST_F(InitTest, OneThatFailsIsWrittenAndSaid) {
  const Outcome outcome =
      Init({"tree/bin/actor", "--name", "bad", "--", "exit", "0", "3", "no database"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("bad did not stand in a trial: it ended with exit code 3"));
  EXPECT_THAT(outcome.err, HasSubstr("note: its output ended: no database\n"));
  EXPECT_THAT(Get("images/bad.json"), testing::Not(HasSubstr("no database\n")));
  EXPECT_EQ(Try("bad").code, 1);
}

TEST_F(InitTest, AFileThatIsThereStays) {
  Put("images/actor.json", "mine");
  const std::vector<std::string> arguments = {"tree/bin/actor", "--no-trial"};
  const Outcome refused = Init(arguments);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("images/actor.json exists already: --force replaces it"));
  EXPECT_EQ(Get("images/actor.json"), "mine");
  EXPECT_EQ(Init({"tree/bin/actor", "--no-trial", "--force"}).code, 0);
  EXPECT_EQ(Written("actor").services.at("actor").exec.size(), 1U);
}

TEST_F(InitTest, ARootSaysWhatThereIsToRun) {
  std::filesystem::copy_file(At("tree/bin/actor"), At("tree/bin/other"));
  const Outcome outcome = Init({"tree", "--no-trial"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("it has /bin/actor /bin/other"));
  EXPECT_EQ(Init({"tree", "--name", "other", "--no-trial"}).code, 0);
  EXPECT_EQ(Written("other").services.at("other").exec, images::Command{"/bin/other"});
}

TEST_F(InitTest, AnOciImageSaysItsPorts) {
  base::MakeDirectories(At("layout/blobs/sha256"));
  tests::MustRun({"tar", "-C", At("tree"), "-cf", At("layer"), "bin"});
  const auto blob = [&](const std::string& content) {
    const std::string hex = base::Sha256Of(content).ToHex();
    Put("layout/blobs/sha256/" + hex, content);
    return nlohmann::json{{"digest", "sha256:" + hex}, {"size", content.size()}};
  };
  const std::string layer = Get("layer");
  const nlohmann::json config = {
      {"os", "linux"},
      {"architecture", images::MachineArchitecture() == "x86_64" ? "amd64" : "arm64"},
      {"config",
       {{"Entrypoint", {"/bin/actor", "serve", "8080", "0", "hello"}},
        {"ExposedPorts", {{"8080/tcp", nlohmann::json::object()}}}}},
      {"rootfs", {{"diff_ids", {"sha256:" + base::Sha256Of(layer).ToHex()}}}}};
  const nlohmann::json manifest = {{"config", blob(config.dump())}, {"layers", {blob(layer)}}};
  Put("layout/index.json", nlohmann::json{{"manifests", {blob(manifest.dump())}}}.dump());
  const Outcome outcome = Init({"layout", "--name", "web"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const images::Service service = Written("web").services.at("web");
  EXPECT_TRUE(service.exec.empty());
  EXPECT_EQ(service.ports, (std::vector<uint64_t>{8080}));
  EXPECT_TRUE(service.health.http) << Get("images/web.json");
  EXPECT_EQ(Try("web").code, 0);
}

}  // namespace
}  // namespace builder
