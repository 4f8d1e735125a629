#include "base/cli.h"

#include <fcntl.h>

#include "tests/support/errors.h"
#include "tests/support/scratch.h"

namespace base {
namespace {

class CliTest : public tests::ScratchTest {
 protected:
  CliTest() {
    app_.set_version_flag("--version", "tool 1.2");
    app_.add_option("--level", level_);
    app_.add_option("name", names_);
  }
  bool Parse(const std::vector<std::string>& arguments) {
    return ParseArguments(app_, arguments, io_);
  }

  CLI::App app_{"Does things.", "tool"};
  int level_ = 0;
  std::vector<std::string> names_;
  UniqueFd out_ = Open(At("out"), O_WRONLY | O_CREAT, 0600);
  Io io_{0, out_.get(), 2, false};
};

TEST_F(CliTest, ReadsArgumentsInTheirOrder) {
  EXPECT_TRUE(Parse({"--level", "3", "a", "b"}));
  EXPECT_EQ(level_, 3);
  EXPECT_EQ(names_, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Get("out"), "");
}

TEST_F(CliTest, HelpAndVersionAreResults) {
  EXPECT_FALSE(Parse({"--version"}));
  EXPECT_EQ(Get("out"), "tool 1.2\n");
  EXPECT_FALSE(Parse({"--help"}));
  EXPECT_NE(Get("out").find("Does things."), std::string::npos);
}

TEST_F(CliTest, WrongCommandLineIsOneLineAndExit2) {
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"--nope"}, {"--level", "x"}, {"--level"}}) {
    const Error error = tests::ErrorOf([&] { Parse(wrong); });
    EXPECT_EQ(error.code(), ExitCode::kUsage);
    EXPECT_TRUE(std::string(error.what()).ends_with("; see tool --help")) << error.what();
  }
}

}  // namespace
}  // namespace base
