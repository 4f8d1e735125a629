// What `activate report --debug` holds and leaves out; on a real host:
// tests/e2e/debug_report_test.cc.
#include "activator/report/debug_report.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "activator/activate.h"
#include "activator/report/report.h"
#include "activator/state/history.h"
#include "activator/state/root.h"
#include "base/version.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class DebugReportTest : public HostTest {
 protected:
  std::string Report(const std::function<void(const base::Io& io)>& write) {
    const std::string path = root + "/report";
    Write(path, "");
    const base::UniqueFd out = base::Open(path, O_WRONLY | O_TRUNC, 0);
    base::Io io;
    io.out = out.get();
    write(io);
    return base::ReadFile(path);
  }
  std::string OfHost() {
    return Report([&](const base::Io& io) {
      WriteDebugReport(
          host, "activate 1", [&] { return StatusText(ReadStatus(host, true)); }, true, io);
    });
  }
};

TEST_F(DebugReportTest, HasEverySectionAndNoEnvironmentValue) {
  edit_service = [](images::Service& service) {
    service.environment["TOKEN"] = "sentinel-of-the-environment";
  };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  ASSERT_THAT(base::ReadFile(layout.Generation(1) + "/units/web.service"),
              HasSubstr("sentinel-of-the"));
  const std::string report = OfHost();
  EXPECT_THAT(report, StartsWith("== versions ==\nactivate 1\n\n== kernel ==\nLinux "));
  for (const char* part :
       {"\n== kernel features ==\n", "\n== systemd ==\n", "\n== space ==\n", " free; ",
        "\n== generations ==\n*    1  active", "\n== status ==\n", "the host matches generation 1",
        "\n== history ==\n", "activated         generation 1  by tester",
        "\n== systemd about our units ==\n"}) {
    EXPECT_THAT(report, HasSubstr(part));
  }
  EXPECT_THAT(report, Not(HasSubstr("sentinel")));
}

TEST_F(DebugReportTest, ShowsTheLastTenEvents) {
  for (int i = 0; i < 12; ++i) {
    AppendEvent(layout, {0, "", "staged", 1, 0, "", "me", ""});
  }
  const std::string report = OfHost();
  EXPECT_THAT(report, HasSubstr("    12  20"));
  EXPECT_THAT(report, HasSubstr("     3  20"));
  EXPECT_THAT(report, Not(HasSubstr("     2  20")));
}

TEST_F(DebugReportTest, WhatCannotBeReadSaysWhyAndTheRestIsThere) {
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  base::Unlink(layout.History());
  base::MakeDirectories(layout.History());
  const std::string report = OfHost();
  EXPECT_THAT(report, HasSubstr("== history ==\n(not available: "));
  EXPECT_THAT(report, HasSubstr("== systemd about our units =="));
}

TEST_F(DebugReportTest, OfAFolderItSaysWhatIsNotThere) {
  Write(layout.root() + "/" + kDirectoryHostMarker, "");
  const std::string report = Report([&](const base::Io& io) {
    EXPECT_EQ(RunActivate({"report", "--debug", "--root", base::RealPath(layout.root())}, io), 0);
  });
  EXPECT_THAT(report, StartsWith(std::string("== versions ==\nactivate ") + base::kVersion +
                                 ", protocol "));
  for (const char* part : {"kernel features", "systemd", "systemd about our units"}) {
    EXPECT_THAT(report, HasSubstr(std::string("\n== ") + part +
                                  " ==\n(nothing runs from a folder as host)\n"));
  }
}

TEST_F(DebugReportTest, IsAskedForByName) {
  EXPECT_THROW(RunActivate({"report", "--root", layout.root()}, base::Io()), base::Error);
}

}  // namespace
}  // namespace activator
