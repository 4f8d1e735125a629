#include "images/label.h"

#include <gmock/gmock.h>

#include "tests/support/scratch.h"

namespace images {
namespace {

using testing::HasSubstr;

TEST(LabelTest, IsOneShortWord) {
  for (const char* label : {"1.4.0", "v1.4.0-3-gabc123-dirty", "2026-11-30", "1:2.3~rc1+b2"}) {
    EXPECT_EQ(LabelProblem(label), "") << label;
  }
  EXPECT_THAT(LabelProblem(""), HasSubstr("it is empty"));
  EXPECT_EQ(LabelProblem(std::string(kMaxLabelBytes, '1')), "");
  EXPECT_THAT(LabelProblem(std::string(kMaxLabelBytes + 1, '1')), HasSubstr("use at most 64"));
  for (const char* label : {"1 4", " 1", "1\n", "1\t", "\x1b[31m", "\x7f", "1.4\xc3\xa9"}) {
    EXPECT_THAT(LabelProblem(label), HasSubstr("printable ASCII")) << label;
  }
}

using LabelFileTest = tests::ScratchTest;

TEST_F(LabelFileTest, IsReplacedAndNeverShownWhereItIsNone) {
  EXPECT_EQ(ReadLabel(scratch()), "");
  WriteLabel(scratch(), "1.4.0");
  EXPECT_EQ(ReadLabel(scratch()), "1.4.0");
  WriteLabel(scratch(), "1.4.1");
  EXPECT_EQ(ReadLabel(scratch()), "1.4.1");
  Put("label", "\x1b[31m\n");
  EXPECT_EQ(ReadLabel(scratch()), "");
}

}  // namespace
}  // namespace images
