#include "images/version/manifest.h"

#include <gmock/gmock.h>
#include <sys/utsname.h>

#include "base/json_fields.h"
#include "tests/images/sample.h"
#include "tests/support/errors.h"

namespace images {
namespace {

using base::ExitCode;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Refusal(const std::string& text) {
  const base::Error error = tests::ErrorOf([&] { Manifest::Parse(text, "m.json"); });
  EXPECT_EQ(error.code(), ExitCode::kVerification) << error.what();
  return error.what();
}

// The sample with the value at the JSON pointer `where` replaced, still canonical.
std::string SampleWith(const std::string& where, const base::Json& value) {
  base::Json json = base::Json::parse(SampleManifest().Serialize());
  json[base::Json::json_pointer(where)] = value;
  return json.dump() + "\n";
}

TEST(ManifestTest, IsReadAsItWasWritten) {
  const Manifest manifest = SampleManifest();
  EXPECT_EQ(Manifest::Parse(manifest.Serialize(), "m.json"), manifest);
  Manifest least = manifest;
  least.version.clear();
  least.closure.clear();
  least.services.clear();
  EXPECT_EQ(Manifest::Parse(least.Serialize(), "m.json"), least);
}

TEST(ManifestTest, HoldsLaterFieldsWhereTheyAreSetAlone) {
  Manifest manifest = SampleManifest();
  for (const char* field : {"\"user\"", "\"listen\"", "\"schedule\""}) {
    EXPECT_EQ(manifest.Serialize().find(field), std::string::npos) << field;
  }
  Service& service = manifest.services["nginx"];
  service.user.emplace("www");
  service.listen = {"80", "127.0.0.1:81"};
  Service& job = manifest.services["job"];
  job.exec = {"/job"};
  job.type = "oneshot";
  job.schedule = "daily";
  const std::string text = manifest.Serialize();
  EXPECT_NE(text.find(R"("listen":[80,"127.0.0.1:81"])"), std::string::npos) << text;
  EXPECT_EQ(Manifest::Parse(text, "m.json"), manifest);
}

TEST(ManifestTest, FilesOfTheHostStandThereOnlyWhereOneIsSeen) {
  Manifest manifest = SampleManifest();
  HostFiles& files = manifest.services.begin()->second.host_files;
  files.certificates = false;
  EXPECT_EQ(manifest.Serialize(), SampleManifest().Serialize());
  files = {true, false, true};
  const std::string text = manifest.Serialize();
  EXPECT_NE(text.find("\"host_files\":{\"certificates\":true,\"hosts\":false,\"time_zone\":true}"),
            std::string::npos);
  EXPECT_EQ(Manifest::Parse(text, "manifest.json"), manifest);
}

// The format: sorted keys, no spaces, UTF-8 as it is, one newline. The digest is that of the text
// that another implementation of JSON gives.
TEST(ManifestTest, BytesAreFixed) {
  EXPECT_EQ(
      SampleManifest().Serialize(),
      R"json({"architecture":"x86_64","closure":[{"name":"nginx","nar_hash":"sha256:1abc","path":"/ni)json"
      R"json(x/store/00000000000000000000000000000000-nginx-1.26.0","references":["/nix/store/0000000)json"
      R"json(0000000000000000000000000-nginx-1.26.0"],"size_bytes":12,"version":"1.26.0"}],"format":1)json"
      R"json(,"image":{"block_size":4096,"codec":{"level":19,"library_version":"1.5.7","name":"zstd",)json"
      R"json("parameters":{"window_log":20}},"layout":"aligned","required_features":["erofs-zstd"],"s)json"
      R"json(ha256":"09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b","size_bytes":1)json"
      R"json(2},"index_sha256":"68a0fcf29db137ebd6fb5b2758184b5488b8f12b60dd0c01fdf73c25e7dd66f9","na)json"
      R"json(me":"nginx","services":{"nginx":{"binds":[{"host":"/etc/sites","image":"/etc/nginx/sites)json"
      R"json(","writable":false}],"cache":false,"credentials":{"tls.key":"/etc/tls.key"},"directives")json"
      R"json(:{"Service":{"LimitNOFILE":"65536"}},"environment":{"TZ":"UTC"},"environment_file":"/etc)json"
      R"json(/nginx.env","exec":["/usr/bin/nginx","-g","daemon off; # Grüße"],"exec_start_pre":[["/us)json"
      R"json(r/bin/nginx","-t"]],"hardening":"strict","health":{"settle_seconds":2,"timeout_seconds":)json"
      R"json(30},"logs":false,"ports":[80,443],"runtime":false,"state":true,"type":"exec"}},"version")json"
      R"json(:"1.26.0"})json"
      "\n");
  EXPECT_EQ(base::Sha256Of(SampleManifest().Serialize()).ToHex(),
            "0dfd9b5d5fb1262eb542612be84ebc9cf33a3b8e22627952c62dca0b8c1cf1d9");
}

TEST(ManifestTest, ChecksAndHooksStandThereOnlyWhereTheyAreSet) {
  Manifest manifest = SampleManifest();
  Service& service = manifest.services.at("nginx");
  service.health.http = HttpCheck{"/x", 204, "ok", {{"Host", "a"}}};
  service.hooks.before_start = {{"/bin/x"}};
  const std::string text = manifest.Serialize();
  EXPECT_THAT(text, HasSubstr(R"("health":{"body":"ok","expect":204,"headers":{"Host":"a"},)"
                              R"("http":"/x","interval_seconds":1,"settle_seconds":2,)"
                              R"("timeout_seconds":30,"try_seconds":5},)"
                              R"("hooks":{"after_healthy":[],"before_start":[["/bin/x"]],)"
                              R"("timeout_seconds":300},)"));
  EXPECT_EQ(Manifest::Parse(text, "m.json").services, manifest.services);
  service.health.http.reset();
  service.health.exec = {"/bin/ask"};
  EXPECT_EQ(Manifest::Parse(manifest.Serialize(), "m.json").services, manifest.services);
  EXPECT_EQ(SampleManifest().Serialize().find("hooks"), std::string::npos);
}

TEST(ManifestTest, AVerityRootStandsThereOnlyWhereItIsSet) {
  EXPECT_EQ(SampleManifest().Serialize().find("verity"), std::string::npos);
  Manifest manifest = SampleManifest();
  manifest.image.size_bytes = 8192;
  manifest.image.verity_root = base::Sha256Of("root");
  const std::string text = manifest.Serialize();
  EXPECT_THAT(text, HasSubstr(R"("size_bytes":8192,"verity_root":"4813494d137e1631bba301d5acab6e7b)"
                              R"(b7aa74ce1185d456565ef51d737677b2"})"));
  EXPECT_EQ(Manifest::Parse(text, "m.json"), manifest);
  manifest.image.size_bytes = 8193;
  EXPECT_THAT(Refusal(manifest.Serialize()),
              StartsWith("m.json: image.verity_root: the image has"));
}

TEST(ManifestTest, SecretsStandThereOnlyWhereTheyAreNamed) {
  EXPECT_EQ(SampleManifest().Serialize().find("secrets\""), std::string::npos);
  Manifest manifest = SampleManifest();
  manifest.services.at("nginx").secrets = {"db-password", "a"};
  const std::string text = manifest.Serialize();
  EXPECT_THAT(text, HasSubstr(R"("secrets":["db-password","a"],)"));
  EXPECT_EQ(Manifest::Parse(text, "m.json"), manifest);
}

TEST(ManifestTest, NotInCanonicalFormIsRefused) {
  const std::string text = SampleManifest().Serialize();
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string changed = text;
    const size_t at = changed.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return changed.replace(at, what.size(), instead);
  };
  const std::string expected =
      "m.json is not in canonical form, so its digest cannot be trusted; build it again";
  EXPECT_EQ(Refusal(with(":", ": ")), expected);
  EXPECT_EQ(Refusal(text.substr(0, text.size() - 1)), expected);
  EXPECT_EQ(Refusal(text + "\n"), expected);
  EXPECT_EQ(Refusal(with("ü", "\\u00fc")), expected);
  EXPECT_EQ(Refusal(with("\"/etc/nginx.env\"", "null")), expected);  // absent, not null
  EXPECT_EQ(Refusal(with("\"logs\":false,", "")), expected);         // defaults are written
}

TEST(ManifestTest, OfAnotherFormatIsRefusedByItsNumber) {
  EXPECT_EQ(Refusal(SampleWith("/format", 2)),
            "m.json: format: this is manifest format 2; this version reads format 1 alone");
  EXPECT_EQ(Refusal(R"({"format": 9, "what": "ever"})"),
            "m.json: format: this is manifest format 9; this version reads format 1 alone");
}

TEST(ManifestTest, BadOneIsRefusedInOneLineWithFileAndField) {
  struct Case {
    std::string where;
    base::Json value;
    std::string message;
  };
  for (const Case& c : std::vector<Case>{
           {"/format", "1", "m.json: format: expected a whole number"},
           {"/name", "../etc", "m.json: name: image name '../etc' is not possible"},
           {"/name", "bin", "m.json: name: image name 'bin' is reserved"},
           {"/version", 1, "m.json: version: expected a string"},
           {"/architecture", nullptr, "m.json: architecture: this field is missing"},
           {"/image", base::Json::array(), "m.json: image: expected an object"},
           {"/image/size_bytes", 0, "m.json: image.size_bytes: expected a whole number"},
           {"/image/size_bytes", uint64_t{1} << 63, "m.json: image.size_bytes: expected a whole"},
           {"/image/size_bytes", -1, "m.json: image.size_bytes: expected a whole number"},
           {"/image/size_bytes", 1.5, "m.json: image.size_bytes: expected a whole number"},
           {"/image/sha256", "ab", "m.json: image.sha256: expected a SHA-256"},
           {"/image/verity_root", "ab", "m.json: image.verity_root: expected a SHA-256"},
           {"/image/block_size", 131072, "m.json: image.block_size: expected a whole number"},
           {"/image/codec/level", 101, "m.json: image.codec.level: expected a whole number"},
           {"/image/codec/parameters/x", "1", "m.json: image.codec.parameters.x: expected a whole"},
           {"/image/required_features", "x", "m.json: image.required_features: expected an array"},
           {"/index_sha256", 7, "m.json: index_sha256: expected a string"},
           {"/closure", base::Json::object(), "m.json: closure: expected an array"},
           {"/closure/0", 1, "m.json: closure[0]: expected an object"},
           {"/closure/0/path", 1, "m.json: closure[0].path: expected a string"},
           {"/services/nginx/exec", base::Json::array(),
            "m.json: services.nginx.exec: expected a command"},
           {"/services/nginx/hardening", "x",
            "m.json: services.nginx.hardening: 'x' is not one of"},
           {"/services/x y", base::Json::object(),
            "m.json: services: service name 'x y' is not possible"},
           {"/more", 1, "m.json: unknown field 'more'"},
           {"/image/more", 1, "m.json: image: unknown field 'more'"},
           {"/image/codec/more", 1, "m.json: image.codec: unknown field 'more'"},
           {"/closure/0/more", 1, "m.json: closure[0]: unknown field 'more'"},
           {"/services/nginx/more", 1, "m.json: services.nginx: unknown field 'more'"},
       }) {
    EXPECT_THAT(Refusal(SampleWith(c.where, c.value)), StartsWith(c.message)) << c.where;
  }
}

TEST(ManifestTest, TruncatedAtAnyLengthIsRefused) {
  const std::string text = SampleManifest().Serialize();
  for (size_t length = 0; length < text.size(); ++length) {
    Refusal(text.substr(0, length));
  }
}

TEST(ManifestTest, HasNoComments) { Refusal("// why\n" + SampleManifest().Serialize()); }

TEST(ManifestTest, CannotHoldWhatIsNotUtf8) {
  Manifest manifest = SampleManifest();
  manifest.closure[0].name = "\xff";
  EXPECT_EQ(tests::MessageOf([&] { manifest.Serialize(); }),
            "the manifest of nginx holds text that is not UTF-8");
}

TEST(Architecture, IsThatOfUname) {
  struct utsname names {};
  ASSERT_EQ(::uname(&names), 0);
  EXPECT_EQ(MachineArchitecture(), names.machine);
}

}  // namespace
}  // namespace images
