// Layouts and archives as registries' tools write them: several tags, machines and artifacts in
// one, compressed in every way.
#include "builder/source/oci_index.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "builder/source/oci_platform.h"
#include "builder/source/source_word.h"
#include "tests/builder/source/oci_fixture.h"

namespace builder {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class OciIndexTest : public tests::OciFixture {
 protected:
  void SetUp() override {
    OciFixture::SetUp();
    Put("a/file", "x");
    AddLayer("a");
  }
  // A manifest of an image with this text as its "author".
  json Image(const std::string& author, const json& platform = nullptr, const json& tag = nullptr) {
    config_["author"] = author;
    if (!platform.is_null()) {
      config_["architecture"] = platform["architecture"];
      config_["os"] = platform["os"];
    }
    json out = Manifest();
    config_["architecture"] = "amd64";
    config_["os"] = "linux";
    if (!platform.is_null()) {
      out["platform"] = platform;
    }
    if (!tag.is_null()) {
      out["annotations"] = {{"org.opencontainers.image.ref.name", tag}};
    }
    return out;
  }
  std::string LayoutOf(const std::vector<json>& manifests) {
    Put("layout/index.json", json{{"manifests", manifests}}.dump());
    return At("layout");
  }
  // What an image of ours is told from others by.
  static std::string IdOf(const std::string& path, const std::string& platform = "") {
    return ResolveOci({path, platform}, {}).packages[0].entry.nar_hash;
  }
};

TEST_F(OciIndexTest, OneImageUnderTwoTagsIsOne) {
  json latest = Image("me", nullptr, "latest");
  json one = Image("me", nullptr, "1.2");
  EXPECT_EQ(Resolve(LayoutOf({latest, one})).version, "1.2");
  EXPECT_EQ(Resolve(At("layout") + ":latest").version, "latest");
}

TEST_F(OciIndexTest, WhatIsNoImageOrForAnotherMachineIsPassedOver) {
  const json ours = Image("me", {{"architecture", "amd64"}, {"os", "linux"}});
  const std::string id = IdOf(LayoutOf({ours}));
  const json windows = Image("win", {{"architecture", "amd64"}, {"os", "windows"}});
  json not_here = Image("none", {{"architecture", "s390x"}, {"os", "linux"}});
  not_here["digest"] = "sha256:" + std::string(64, '1');
  json attestation = Blob(json{{"layers", json::array()}, {"config", Blob("{}")}}.dump());
  attestation["platform"] = {{"architecture", "unknown"}, {"os", "unknown"}};
  json sbom = Blob(R"({"artifactType":"application/spdx+json"})");
  sbom["artifactType"] = "application/spdx+json";
  json spdx = Blob("{}");
  spdx["mediaType"] = "application/spdx+json";
  const json bare = Blob(json{{"config", spdx}, {"layers", {spdx}}}.dump());
  json simple = Blob("signed");
  simple["mediaType"] = "application/vnd.dev.cosign.simplesigning.v1+json";
  json config = Blob(R"({"architecture":"","os":""})");
  config["mediaType"] = "application/vnd.oci.image.config.v1+json";
  json signature = Blob(json{{"config", config}, {"layers", {simple}}}.dump());
  signature["annotations"] = {{"org.opencontainers.image.ref.name", "sha256-00.sig"}};
  for (const json& other : {windows, not_here, attestation, sbom, bare, signature}) {
    EXPECT_EQ(IdOf(LayoutOf({other, ours})), id) << other;
    EXPECT_THAT(ErrorOf(LayoutOf({other})), HasSubstr("layout has no image")) << other;
  }
  EXPECT_EQ(IdOf(LayoutOf({windows, not_here, attestation, sbom, bare, signature, ours})), id);
}

TEST_F(OciIndexTest, OneOfSeveralIsChosenByItsTagOrDigest) {
  const json one = Image("one", nullptr, "1");
  const json two = Image("two", nullptr, "docker.io/library/app:2");
  const std::string layout = LayoutOf({one, two});
  const std::string error = ErrorOf(layout);
  EXPECT_THAT(error, HasSubstr("has 2 images; say which: " + layout + ":1 or " + layout +
                               ":docker.io/library/app:2"));
  const std::string first = IdOf(layout + ":1");
  const std::string second = IdOf(layout + ":2");
  EXPECT_NE(first, second);
  EXPECT_EQ(IdOf(layout + ":app:2"), second);
  EXPECT_EQ(IdOf(layout + ":docker.io/library/app:2"), second);
  EXPECT_EQ(IdOf(layout + "@" + two["digest"].get<std::string>()), second);
  EXPECT_EQ(IdOf(layout + "@" + first), first);
  EXPECT_EQ(IdOf(layout + ":1@" + one["digest"].get<std::string>()), first);
  EXPECT_EQ(Resolve(layout + ":2").packages[0].entry.name, "app");
  EXPECT_THAT(ErrorOf(layout + ":3"), HasSubstr("layout has no image 3; it has"));
  EXPECT_THAT(ErrorOf(At("none:3")), HasSubstr("does not exist"));
  EXPECT_TRUE(std::holds_alternative<images::OciSource>(ParseSource(layout + ":1")));
}

TEST_F(OciIndexTest, OneOfSeveralMachinesIsChosenByItsPlatform) {
  const json amd64 = Image("amd64", {{"architecture", "amd64"}, {"os", "linux"}});
  const json fast = Image("fast", {{"architecture", "amd64"}, {"os", "linux"}, {"variant", "v3"}});
  const json arm64 =
      Image("arm64", {{"architecture", "arm64"}, {"os", "linux"}, {"variant", "v8"}});
  const json arm6 = Image("arm6", {{"architecture", "arm"}, {"os", "linux"}, {"variant", "v6"}});
  const json arm7 = Image("arm7", {{"architecture", "arm"}, {"os", "linux"}, {"variant", "v7"}});
  json index = Blob(json{{"manifests", {fast, amd64, arm64, arm6, arm7}}}.dump());
  index["mediaType"] = "application/vnd.oci.image.index.v1+json";
  const std::string layout = LayoutOf({index});
  const auto config_of = [&](const json& image) {
    const std::string hex = image["digest"].get<std::string>().substr(7);
    return json::parse(Get("layout/blobs/sha256/" + hex))["config"]["digest"].get<std::string>();
  };
  EXPECT_EQ(IdOf(layout), config_of(amd64));
  EXPECT_EQ(IdOf(layout, "linux/amd64/v3"), config_of(fast));
  EXPECT_EQ(IdOf(layout, "linux/arm64"), config_of(arm64));
  EXPECT_EQ(IdOf(layout, "linux/arm64/v8"), config_of(arm64));
  EXPECT_EQ(IdOf(layout, "linux/arm"), config_of(arm7));
  EXPECT_EQ(IdOf(layout, "linux/arm/v6"), config_of(arm6));
  EXPECT_EQ(IdOf(layout + "@" + index["digest"].get<std::string>()), config_of(amd64));
  EXPECT_EQ(ResolveOci({layout, "linux/arm64"}, {}).architecture, "aarch64");
  EXPECT_THAT(tests::MessageOf([&] {
                ResolveOci({layout, "linux/s390x"}, {});
              }),
              HasSubstr("has no image for linux/s390x; it has: linux/amd64"));
  for (const char* wrong : {"arm64", "windows/amd64", "linux/", "linux", "linux/arm/"}) {
    const base::Error error = tests::ErrorOf([&] { ResolveOci({layout, wrong}, {}); });
    EXPECT_EQ(error.code(), base::ExitCode::kUsage) << wrong;
  }
}

TEST_F(OciIndexTest, ADockerSaveOfSeveralIsChosenFromToo) {
  DockerSave();
  json list = json::parse(Get("docker/manifest.json"));
  list[0]["RepoTags"] = {"app:latest", "app:1.2"};
  config_["author"] = "another";
  Put("docker/other.json", config_.dump());
  json other = list[0];
  other["Config"] = "other.json";
  other["RepoTags"] = {"other:1"};
  Put("docker/manifest.json", json::array({list[0]}).dump());
  EXPECT_EQ(Resolve(At("docker")).version, "1.2");
  Put("docker/manifest.json", json::array({list[0], other}).dump());
  EXPECT_THAT(ErrorOf(At("docker")), HasSubstr("has 2 images; say which"));
  EXPECT_EQ(Resolve(At("docker") + ":other:1").packages[0].entry.name, "other");
  const std::string archive = Tar(At("docker"), "--format=pax", "docker.tar");
  EXPECT_EQ(IdOf(archive + ":1.2"), IdOf(At("docker") + ":app:latest"));
  EXPECT_EQ(IdOf(archive + "@sha256:" + base::Sha256Of(config_.dump()).ToHex()),
            IdOf(archive + ":other:1"));
}

// Small files that would take for ever, or all memory.
TEST_F(OciIndexTest, EndlessListsAndTextsAreRefused) {
  Put("a/file", "x");
  AddLayer("a");
  json inner = Manifest();
  for (int depth = 0; depth < 4; ++depth) {
    inner = Blob(json{{"manifests", json::array_t(100, inner)}}.dump());
    inner["mediaType"] = "application/vnd.oci.image.index.v1+json";
  }
  Put("layout/index.json", json{{"manifests", {inner}}}.dump());
  EXPECT_THAT(ErrorOf(At("layout")), HasSubstr("layout lists more than 10000 images"));
  std::filesystem::resize_file(At("layout/index.json"), 1ULL << 34);
  EXPECT_THAT(ErrorOf(At("layout")),
              HasSubstr("layout: index.json is larger than what describes an image"));
}

TEST_F(OciIndexTest, EveryCompressionOfLayersAndArchivesIsRead) {
  const std::string plain = DockerSave();
  const std::string id = IdOf(plain);
  const std::string layer = Get("docker/0/layer.tar");
  for (const std::vector<std::string>& by : std::vector<std::vector<std::string>>{
           {"gzip", "-c"}, {"bzip2", "-c"}, {"xz", "-c"}, {"zstd", "-q", "-c"}}) {
    Put("docker/0/layer.tar", tests::MustRun(by, {.input = layer}));
    const std::string archive = Tar(plain, "--format=pax", "docker.tar");
    EXPECT_EQ(IdOf(archive), id) << by[0];
    Put("again", tests::MustRun(by, {.input = Get("docker.tar")}));
    EXPECT_EQ(IdOf(At("again")), id) << by[0];
    Put("docker/0/layer.tar", tests::MustRun(by, {.input = layer + "more"}));
    const base::Error error = tests::ErrorOf([&] { Resolve(plain); });
    EXPECT_EQ(error.code(), base::ExitCode::kVerification) << by[0];
    const std::string whole = Get("again");
    Put("again", whole.substr(0, whole.size() / 2));
    EXPECT_THAT(ErrorOf(At("again")), HasSubstr("is no tar archive, or a damaged one")) << by[0];
  }
}

TEST_F(OciIndexTest, WhatElseTheImageAsksForIsUsedOrSaid) {
  config_["config"]["StopSignal"] = "SIGQUIT";
  config_["config"]["WorkingDir"] = "app/x";
  EXPECT_EQ(Resolve(Layout()).service.stop_signal, "SIGQUIT");
  EXPECT_EQ(Resolve(Layout()).service.working_directory, "/app/x");
  EXPECT_EQ(SaidOf(Layout()).find("the image asks"), std::string::npos);
  config_["config"]["StopSignal"] = "SIGNONE\nExecStart=";
  config_["config"]["ExposedPorts"] = {{"80/tcp", json::object()}, {"53/udp", json::object()},
                                       {"53/tcp", json::object()}, {"443", json::object()},
                                       {"9/sctp", json::object()}, {"0/tcp", json::object()},
                                       {"70000", json::object()}};
  config_["config"]["Volumes"] = {{"/data", json::object()}};
  config_["config"]["Healthcheck"] = {{"Test", {"CMD-SHELL", "a\nb"}}};
  EXPECT_THAT(
      SaidOf(Layout()),
      HasSubstr("note: the image asks for port 0/tcp (ports), port 70000 (ports), port 9/sctp "
                "(ports), volumes /data (state, binds), a health check that is not used: a unit "
                "cannot hold a command of several lines (health), a stop signal that systemd does "
                "not know (directives);"));
  EXPECT_EQ(Resolve(Layout()).service.ports, (std::vector<uint64_t>{53, 80, 443}));
  EXPECT_FALSE(Resolve(Layout()).service.health);
  config_["config"]["Healthcheck"] = {{"Test", {"CMD", "app", "-c"}},
                                      {"Timeout", 3000000000},
                                      {"StartPeriod", 60000000000},
                                      {"Interval", nullptr}};
  EXPECT_EQ(Resolve(Layout()).service.health->exec, (images::Command{"app", "-c"}));
  EXPECT_EQ(Resolve(Layout()).service.health->try_seconds, 3U);
  EXPECT_EQ(Resolve(Layout()).service.health->timeout_seconds, 60U + 90U);
  EXPECT_EQ(Resolve(Layout()).service.stop_signal, "");
  for (const char* signal : {"3", "QUIT", "SIGRTMIN+3", "RTMAX-1"}) {
    config_["config"]["StopSignal"] = signal;
    EXPECT_EQ(Resolve(Layout()).service.stop_signal, signal);
  }
}

TEST(OciPlatformTest, OlderVariantsOfArmAreMachinesOfTheirOwn) {
  EXPECT_EQ(MachineOf(ParseOciPlatform("linux/arm")), "armv7l");
  EXPECT_EQ(MachineOf(ParseOciPlatform("linux/arm/v7")), "armv7l");
  EXPECT_EQ(MachineOf(ParseOciPlatform("linux/arm/v6")), "armv6l");
  EXPECT_EQ(MachineOf(ParseOciPlatform("linux/arm/v5")), "armv5tel");
}

}  // namespace
}  // namespace builder
