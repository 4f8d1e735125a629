// What programs open at run time, with Debian's own: each runs in an image that has only that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/e2e/scene.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

class OpenedAtRunTimeTest : public testing::Test {
 protected:
  // Builds an image of these programs, and unpacks it; `said` is what the build said.
  std::string Image(const std::string& name, const std::string& root,
                    const std::vector<std::string>& programs,
                    const std::vector<std::string>& sets) {
    const json definition = {{"name", name},
                             {"source", {{"elf", programs}, {"sysroot", root}}},
                             {"contents", {{"sets", sets}}},
                             {"services", {{name, {{"exec", {programs[0]}}}}}}};
    workshop_.WriteDefinition(name, definition.dump());
    const RunResult built = workshop_.Imgbuild({name, "--level", "1"});
    EXPECT_EQ(built.exit_code, 0) << built.err;
    said = built.err;
    const std::string folder = workshop_.folder() + "/" + name;
    MustRun(
        {SLIPWAY_BIN "/imgbuild", "extract", built.out.substr(0, built.out.find('\n')), folder});
    return folder;
  }

  Workshop workshop_;
  std::string said;
};

// The file of that folder of `root` whose name starts so.
std::string Program(const std::string& root, const std::string& start) {
  for (const std::string& name : base::ListDirectory(root + "/usr/bin")) {
    if (name.starts_with(start)) {
      return "/usr/bin/" + name;
    }
  }
  return start;
}

TEST_F(OpenedAtRunTimeTest, LanguagesAndModulesWorkWithTheirSetsAndNotWithout) {
  const std::string root = DebianRoot("python3,ruby,imagemagick");
  const std::string convert = Program(root, "convert-im");
  const std::string image =
      Image("all", root, {"/usr/bin/python3", "/usr/bin/ruby", convert},
            {"python", "ruby", "imagemagick", "openssl", "certificates", "zoneinfo"});
  EXPECT_THAT(said, AllOf(HasSubstr("certificates (ca-certificates"), HasSubstr("imagemagick (lib"),
                          HasSubstr("python (python3."), HasSubstr("ruby (libruby"),
                          HasSubstr("zoneinfo (tzdata")));
  MustRun({"env", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "chroot", image,
           "/usr/bin/python3", "-c",
           "import datetime, json, sqlite3, ssl, zoneinfo\n"
           "paris = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Paris'))\n"
           "assert paris.utcoffset().seconds == 7200\n"
           "assert ssl.create_default_context().cert_store_stats()['x509_ca'] > 50\n"});
  MustRun({"chroot", image, "/usr/bin/ruby", "-e",
           "require 'json'; require 'openssl'; require 'socket'; puts JSON.generate([1])"});
  const std::vector<std::string> draw = {convert, "-size", "8x8", "xc:red", "png:/tmp/red"};
  std::vector<std::string> run = {"chroot", image};
  run.insert(run.end(), draw.begin(), draw.end());
  MustRun(run);
  EXPECT_THAT(base::ReadFile(image + "/tmp/red"), HasSubstr("PNG"));

  run[1] = Image("none", root, {convert}, {});
  EXPECT_NE(RunCommand(run).exit_code, 0);
  EXPECT_THAT(said, testing::Not(HasSubstr("run-time sets")));
}

// systemd's library of Debian 13: libzstd is recommended, and there; libkmod is not; others are
// suggested.
TEST_F(OpenedAtRunTimeTest, WhatSystemdSaysItOpensComesAlong) {
  std::string tar =
      MustRun({SLIPWAY_TESTHOST_SCRIPT, "rootfs", "trixie"}, {.timeout = std::chrono::minutes(5)});
  tar.pop_back();
  std::string recipe = base::ReadFile(tar + ".recipe");
  recipe.pop_back();
  const std::string root = tar.substr(0, tar.size() - 3) + recipe;
  const std::string image = Image("journal", root, {"/usr/bin/journalctl"}, {"default"});
  EXPECT_THAT(said,
              AllOf(ContainsRegex("and included: [^\n]*libzstd.so.1\n"),
                    HasSubstr("and not there: libkmod.so.2 (recommended by libsystemd-shared-"),
                    HasSubstr("libcryptsetup.so.12 (cryptsetup)"),
                    testing::Not(ContainsRegex("libsystemd[^\n]*may load more"))));
  EXPECT_TRUE(base::Exists(image + "/usr/lib/x86_64-linux-gnu/libzstd.so.1"));
  EXPECT_THAT(MustRun({"chroot", image, "/usr/bin/journalctl", "--version"}), HasSubstr("+ZSTD"));
}

}  // namespace
}  // namespace tests
