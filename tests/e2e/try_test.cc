// `imgbuild try` with a real nginx, and under a real systemd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/applications.h"

namespace tests {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(TryNginxTest, ItStandsWithoutAHost) {
  Workshop workshop;
  json patch = {{"services", {{"nginx", {{"health", {{"http", "/"}}}}}}}};
  workshop.Build("nginx", "v1", patch);
  const RunResult tried = RunCommand({SLIPWAY_BIN "/imgbuild", "try", "--output", workshop.images(),
                                      "--no-systemd", "--seconds", "30", "--no-build", "nginx"});
  EXPECT_EQ(tried.exit_code, 0) << tried.out << tried.err;
  EXPECT_THAT(tried.out, HasSubstr("nginx stands, and its check passed after "));
  EXPECT_THAT(tried.out, HasSubstr("80"));
}

// imgbuild of this machine on a host: with its own loader and libraries.
class TryUnderSystemdTest : public testing::Test {
 protected:
  TryUnderSystemdTest() {
    const base::TemporaryDirectory bundle(testing::TempDir(), "slipway-bundle-");
    MustRun({"bash", "-c",
             "cp \"$0\" \"$1\" && ldd \"$0\" | grep -o '/[^ ]*' | xargs -I {} cp -L {} \"$1\"",
             SLIPWAY_BIN "/imgbuild", bundle.path()});
    host_.Copy(bundle.path(), "/opt/bundle");
    host_.MustRun("chmod 755 /opt/bundle");
  }

  RunResult Try(const std::string& name, const json& service) {
    const std::string image = applications_.Build(name, service);
    host_.MustRun("mkdir -p /opt/images/" + name);
    host_.Copy(image, "/opt/images/" + name + "/" + base::BaseName(image));
    RunResult out = host_.Run(
        "/opt/bundle/ld-linux* --library-path /opt/bundle "
        "/opt/bundle/imgbuild try --seconds 20 /opt/images/" +
        name + "/" + base::BaseName(image));
    EXPECT_EQ(host_.MustRun("ls -A /run/systemd/system /var/tmp | grep slipway-try || true"), "");
    EXPECT_EQ(host_.MustRun("systemctl list-units --all --no-legend 'slipway-try*'"), "");
    return out;
  }

  Applications applications_;
  TestHost host_{"trier"};
};

TEST_F(TryUnderSystemdTest, TheUnitOfAHostRunsAndNothingIsLeft) {
  const RunResult web =
      Try("web", {{"ports", {8080}},
                  {"state", true},
                  {"health", {{"http", "/"}}},
                  {"hooks", {{"before_start", {{"/bin/actor", "note", "log", "before"}}}}}});
  EXPECT_EQ(web.exit_code, 0) << web.out << web.err;
  for (const char* part : {"web stands, and its check passed after ", "127.0.0.1:8080\n",
                           "wrote        /var/lib/web/log\n", "ran in       systemd\n"}) {
    EXPECT_THAT(web.out, HasSubstr(part));
  }
  const RunResult job = Try(
      "job",
      {{"exec", {"/bin/actor", "expect", "nothing", "x"}}, {"state", true}, {"type", "oneshot"}});
  EXPECT_EQ(job.exit_code, 1) << job.out << job.err;
  for (const char* part :
       {"job did not stand: it ended with exit code 1\n", "not found    /var/lib/job/nothing\n",
        "its output   there is no 'x uid=64999'\n"}) {
    EXPECT_THAT(job.out, HasSubstr(part));
  }
  EXPECT_EQ(host_.MustRun("ls -d /var/lib/job /var/lib/web 2>/dev/null || true"), "");
  host_.MustRun("systemd-run --quiet --unit=real sleep 100000");
  const RunResult rival =
      Try("rival", {{"exec", {"/bin/actor", "exit", "0", "0", "x"}},
                    {"type", "oneshot"},
                    {"directives", {{"Unit", {{"Conflicts", "real.service"}}}}}});
  EXPECT_EQ(rival.exit_code, 0) << rival.out << rival.err;
  EXPECT_THAT(rival.out, HasSubstr("because of directives.Unit.Conflicts"));
  EXPECT_EQ(host_.MustRun("systemctl is-active real"), "active\n");
}

}  // namespace
}  // namespace tests
