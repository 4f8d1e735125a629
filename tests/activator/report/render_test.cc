#include <fcntl.h>
#include <gmock/gmock.h>

#include "activator/activate.h"
#include "tests/activator/host_fixture.h"

namespace activator {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RenderTest : public HostTest {
 protected:
  // What `activate` with these arguments prints.
  std::string Print(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--root", base::RealPath(layout.root())});
    const std::string path = root + "/out";
    Write(path, "");
    const base::UniqueFd out = base::Open(path, O_WRONLY | O_TRUNC, 0);
    base::Io io;
    io.out = out.get();
    EXPECT_EQ(RunActivate(arguments, io), 0);
    return base::ReadFile(path);
  }
};

TEST_F(RenderTest, PrintsAllUnitsOfAGenerationAsTheyAreStored) {
  shape = [](images::Services& services) { services.begin()->second.listen = {"80"}; };
  ASSERT_EQ(ActivateNumber(Stage("web", "one")), 0) << error;
  Stage("web", "two");
  const std::string second = Print({"render", "--generation", "2"});
  EXPECT_THAT(second, StartsWith("# web.service\n# Written by Slipway for the image web/"));
  EXPECT_THAT(second, HasSubstr("ExecStart=/bin/two\n"));
  EXPECT_THAT(second, HasSubstr("\n# web.socket\n# Written by Slipway"));
  EXPECT_THAT(Print({"render"}), HasSubstr("ExecStart=/bin/one\n"));  // the active one
  EXPECT_THAT(Print({"render", "--json"}), StartsWith("{\n  \"web.service\": \"# Written"));
}

TEST_F(RenderTest, SaysWhichGenerationsThereAre) {
  Stage("web", "one");
  EXPECT_THROW(Print({"render"}), base::Error);  // nothing is active
  EXPECT_THROW(Print({"render", "--generation", "7"}), base::Error);
  EXPECT_THROW(Print({"render", "--latest"}), base::Error);
}

}  // namespace
}  // namespace activator
