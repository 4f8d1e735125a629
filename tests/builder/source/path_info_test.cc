// What Nix 2.8, 2.26 and 2.34 answered about one closure (tests/fixtures/nix-answers), and mangled
// answers.
#include "builder/source/path_info.h"

#include <gmock/gmock.h>

#include "base/file.h"
#include "builder/source/nix_hash.h"
#include "tests/support/errors.h"

namespace builder {
namespace {

using testing::HasSubstr;

constexpr const char* kApp = "/nix/store/zq5grhji9v3ys3zgwi5snags2wfmn743-app-2.0-rc1";
constexpr const char* kConfig = "/nix/store/mkmfwpq10pixpp2b8i08i8b1gi92rwbc-config";
constexpr const char* kLib = "/nix/store/acqyv87i57yh8dzi6r2c7rg4rb0c6sq4-lib-1.2";

std::string Answer(const std::string& name) {
  return base::ReadFile(std::string(SLIPWAY_NIX_ANSWERS) + "/" + name + ".json");
}

class AnswerTest : public testing::TestWithParam<const char*> {};

// The hashes are what `nix-store -q --hash` of each version prints.
TEST_P(AnswerTest, SaysTheSameInEveryVersion) {
  const std::map<std::string, PathInfo> infos = ParsePathInfo(Answer(GetParam()));
  ASSERT_EQ(infos.size(), 3U);
  const PathInfo& app = infos.at(kApp);
  EXPECT_EQ(app.nar_hash, "sha256:0w3sqbh6sk4q52n0g8v54p83q5vl5bli1jhzqxcw27x6fdr7qqp8");
  EXPECT_EQ(app.references, (std::vector<std::string>{kLib, kConfig, kApp}));
  EXPECT_EQ(app.deriver, "/nix/store/i7c7kfzv95f3753qy8fs5p45myjzndvc-app-2.0-rc1.drv");
  EXPECT_EQ(infos.at(kConfig).nar_hash,
            "sha256:1z73s65gd36y98kc7f1z53m0pylm34gvgddr7wigj4bv4g3gc2g7");
  EXPECT_EQ(infos.at(kConfig).deriver, "");
  EXPECT_TRUE(infos.at(kLib).references.empty());
  EXPECT_EQ(infos.at(kLib).nar_hash, "sha256:03wzk1cq3sdbichqwdkvmxv8y66pcq7c24rv9cjwkf6crw241gr3");
}

INSTANTIATE_TEST_SUITE_P(Versions, AnswerTest,
                         testing::Values("nix-2.8", "nix-2.26", "nix-2.34", "nix-2.34-format-1"));

// The answer of a version with `what` as `instead`, wherever that stands first.
std::string ErrorWith(const std::string& name, const std::string& what,
                      const std::string& instead) {
  std::string text = Answer(name);
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  text.replace(at, what.size(), instead);
  return tests::MessageOf([&] { ParsePathInfo(text); });
}

TEST(PathInfoTest, AnotherFormIsRefusedByWhatItIs) {
  const auto error = [](const char* text) {
    return tests::MessageOf([&] { ParsePathInfo(text); });
  };
  EXPECT_EQ(error("3"),
            "nix path-info's answer has a form that this imgbuild does not know, number; it reads "
            "those of Nix 2.8, 2.26 and 2.34: try one of them, or a newer imgbuild");
  EXPECT_THAT(error(R"({"paths": []})"), HasSubstr("an object with the field 'paths'"));
  EXPECT_THAT(ErrorWith("nix-2.34",
                        R"("storeDir":"/nix/store","version":2})"
                        "\n",
                        R"("storeDir":"/nix/store","version":3})"),
              HasSubstr("does not know, version 3"));
  EXPECT_THAT(ErrorWith("nix-2.34", R"({"info")", R"({"information")"),
              HasSubstr("an object without 'info'"));
  EXPECT_THAT(error(""), HasSubstr("nix path-info's answer: line 1"));
}

TEST(PathInfoTest, ReferencesAreSorted) {
  const auto infos = ParsePathInfo(
      R"({"/s/a": {"narHash": "sha256-I79ABM/MuMklSzsTwQ5m1xiPdq97No4hi6vpgVmYnw8=",
                   "references": ["/s/c", "/s/b"]}})");
  EXPECT_EQ(infos.at("/s/a").references, (std::vector<std::string>{"/s/b", "/s/c"}));
}

TEST(PathInfoTest, AMangledAnswerIsRefusedByPathAndField) {
  EXPECT_THAT(ErrorWith("nix-2.8", "\"narHash\"", "\"narHsah\""),
              HasSubstr(std::string(kLib) + ".narHash: this field is missing"));
  EXPECT_THAT(ErrorWith("nix-2.26", "\"sha256-", "\"sha512-"),
              HasSubstr("lib-1.2.narHash: 'sha512-"));
  EXPECT_THAT(ErrorWith("nix-2.34", "\"references\"", "\"refers\""),
              HasSubstr(".references: this field is missing"));
  EXPECT_THAT(ErrorWith("nix-2.34", "\"references\":[]", "\"references\":[1]"),
              HasSubstr("expected an array of strings"));
  EXPECT_THAT(ErrorWith("nix-2.8", "\"path\"", "\"pith\""), HasSubstr("path: this field is miss"));
  EXPECT_THAT(tests::MessageOf([] { ParsePathInfo(R"({"/nix/store/x": null})"); }),
              HasSubstr("Nix does not know the store path /nix/store/x"));
}

TEST(NixHashTest, OnlyTheTwoSpellingsOfASha256) {
  const std::string sri = "sha256-I79ABM/MuMklSzsTwQ5m1xiPdq97No4hi6vpgVmYnw8=";
  const std::string nix = "sha256:03wzk1cq3sdbichqwdkvmxv8y66pcq7c24rv9cjwkf6crw241gr3";
  EXPECT_EQ(NixHashOf(sri), nix);
  EXPECT_EQ(NixHashOf(nix), nix);
  for (const std::string& wrong :
       {sri.substr(0, sri.size() - 1), sri + "=", nix + "0", nix.substr(0, nix.size() - 1),
        "sha512" + sri.substr(6), "sha256:" + sri.substr(7), "sha256:e" + nix.substr(8),
        sri.substr(0, sri.size() - 2) + "9=", "sha256-*" + sri.substr(8), std::string()}) {
    EXPECT_EQ(NixHashOf(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace builder
