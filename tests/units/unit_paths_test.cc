#include "units/unit_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "units/directive_words.h"

namespace units {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Lines = std::map<std::string, std::string>;

images::Service With(const Lines& lines) {
  images::Service service;
  service.directives = {{"Service", lines}};
  return service;
}

// "HOST IMAGE" of each need, with a "?" where it is optional.
std::vector<std::string> Needs(const Lines& lines) {
  std::vector<std::string> out;
  for (const PathNeed& need : PathNeedsOf("web", With(lines))) {
    out.push_back(need.host + " " + need.image + (need.optional ? " ?" : ""));
  }
  return out;
}

TEST(DirectiveWords, AreReadAsSystemdReadsThem) {
  EXPECT_THAT(WordsOf("a  \"b c\" 'd\"e' f\\ g %n/%N %%x", "web"),
              ElementsAre("a", "b c", "d\"e", "f g", "web.service/web", "%x"));
  EXPECT_THAT(WordsOf("%S/x %H/y", "web"), ElementsAre("/var/lib/x"));
}

TEST(UnitPaths, AreThoseOfEveryOptionThatNamesSome) {
  EXPECT_THAT(Needs({{"BindPaths", "/a -/b:/c /d/:/e/:rbind \"/f g\""}}),
              ElementsAre("/a /a", "/b /c ?", "/d /e/", "/f g /f g"));
  EXPECT_THAT(Needs({{"TemporaryFileSystem", "/a:ro,size=1M /b"}}), ElementsAre(" /a", " /b"));
  EXPECT_THAT(Needs({{"MountImages", "/a.raw:/b:nosuid"}}), ElementsAre("/a.raw /b"));
  for (const char* option : {"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths",
                             "NoExecPaths", "ReadOnlyDirectories"}) {
    EXPECT_THAT(Needs({{option, "/a +/b -/c -+/d"}}), ElementsAre(" /a", " /b", " /c ?", " /d ?"))
        << option;
  }
  EXPECT_THAT(Needs({{"WorkingDirectory", "-/a b"}}), ElementsAre(" /a b ?"));
  EXPECT_THAT(Needs({{"WorkingDirectory", "~"}}), IsEmpty());
  EXPECT_THAT(Needs({{"LoadCredential", "key:/a"}}), ElementsAre("/a "));
  EXPECT_THAT(Needs({{"LoadCredential", "key:relative"}}), IsEmpty());
  EXPECT_THAT(Needs({{"EnvironmentFile", "/a"}}), ElementsAre("/a "));
  EXPECT_THAT(Needs({{"EnvironmentFile", "/a/*.env"}}), IsEmpty());
  EXPECT_THAT(Needs({{"StandardOutput", "append:/a/log"}}), ElementsAre("/a/log "));
  EXPECT_THAT(Needs({{"StandardOutput", "journal"}}), IsEmpty());
  EXPECT_THAT(Needs({{"ExtensionDirectories", "/a"}}), ElementsAre("/a "));
  EXPECT_THAT(Needs({{"NetworkNamespacePath", "/a"}}), ElementsAre("/a "));
  EXPECT_THAT(Needs({{"OpenFile", "/a:name"}}), ElementsAre("/a "));
  EXPECT_THAT(Needs({{"OpenFile", "/a:name:graceful"}}), ElementsAre("/a  ?"));
}

TEST(UnitPaths, ADirectivesDirectoryTakesThePlaceOfTheFields) {
  images::Service service = With({{"StateDirectory", "a a/b"}, {"ConfigurationDirectory", "c"}});
  service.state = service.runtime = true;
  std::vector<std::string> found;
  for (const ServiceDirectory& directory : DirectoriesOf("web", service)) {
    found.push_back(directory.path + " " + directory.private_path);
  }
  EXPECT_THAT(found, ElementsAre("/var/lib/a /var/lib/private/a",
                                 "/var/lib/a/b /var/lib/private/a/b", "/etc/c ", "/run/web "));
  service.user = "www";
  EXPECT_EQ(DirectoriesOf("web", service)[0].private_path, "");
  EXPECT_THROW(DirectoriesOf("web", With({{"StateDirectory", "a:b"}})), base::Error);
}

TEST(UnitPaths, KnowWhatIsTheHostsAndWhatIsEmptyAtTheStart) {
  images::Service service = With({{"BindPaths", "/srv:/data"}, {"TemporaryFileSystem", "/var"}});
  service.state = true;
  using Kind = Origin::Kind;
  EXPECT_EQ(OriginOf("/usr/bin", "web", service).kind, Kind::kImage);
  EXPECT_EQ(OriginOf("/data/x", "web", service).host, "/srv/x");
  EXPECT_EQ(OriginOf("/var/lib/web/x", "web", service).kind, Kind::kHost);
  EXPECT_EQ(OriginOf("/var/lib/other", "web", service).kind, Kind::kEmpty);
  EXPECT_EQ(OriginOf("/run/x", "web", service).kind, Kind::kEmpty);
  EXPECT_EQ(OriginOf("/dev/shm", "web", service).kind, Kind::kKernel);
  EXPECT_TRUE(IsMadeAtStart("/run/a.sock", "web", service));
  EXPECT_TRUE(IsMadeAtStart("/data/deep/er", "web", service));
  EXPECT_FALSE(IsMadeAtStart("/data", "web", service));
}

TEST(UnitPaths, TheProgramsOfDirectivesThatAStartNeeds) {
  const images::Service service = With({{"ExecStartPost", "+/bin/a x ; /bin/b"},
                                        {"ExecStartPre", "-/bin/c"},
                                        {"ExecCondition", "d \"e f\""},
                                        {"ExecStop", "/bin/g"}});
  std::vector<std::string> found;
  for (const UnitProgram& program : DirectivePrograms("web", service)) {
    found.push_back(program.option + " " + program.program);
  }
  EXPECT_THAT(found,
              ElementsAre("ExecCondition d", "ExecStartPost /bin/a", "ExecStartPost /bin/b"));
}

}  // namespace
}  // namespace units
