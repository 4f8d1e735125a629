#include "activator/os/dm_verity.h"

#include <gtest/gtest.h>
#include <linux/dm-ioctl.h>

#include <cstring>

namespace activator {
namespace {

std::vector<uint8_t> AnswerOf(const std::string& type, const std::string& status) {
  dm_ioctl header{};
  header.data_start = sizeof(header);
  header.target_count = 1;
  dm_target_spec spec{};
  std::memcpy(spec.target_type, type.c_str(), type.size());
  std::vector<uint8_t> out(sizeof(header) + sizeof(spec) + status.size() + 1);
  std::memcpy(out.data(), &header, sizeof(header));
  std::memcpy(out.data() + sizeof(header), &spec, sizeof(spec));
  std::memcpy(out.data() + sizeof(header) + sizeof(spec), status.c_str(), status.size());
  return out;
}

TEST(DmVerityTest, TheStatusOfATargetIsRead) {
  EXPECT_EQ(StatusOfTarget(AnswerOf("verity", "V"), "verity"), "V");
  EXPECT_EQ(StatusOfTarget(AnswerOf("verity", "C -"), "verity"), "C -");
  EXPECT_EQ(StatusOfTarget(AnswerOf("linear", "V"), "verity"), "");
  EXPECT_EQ(StatusOfTarget({}, "verity"), "");
  std::vector<uint8_t> answer = AnswerOf("verity", "V");
  for (size_t size = 0; size + 2 < answer.size(); ++size) {
    EXPECT_EQ(StatusOfTarget(base::Bytes(answer).first(size), "verity"), "") << size;
  }
  dm_ioctl header{};
  std::memcpy(&header, answer.data(), sizeof(header));
  header.data_start = ~uint32_t{0};
  std::memcpy(answer.data(), &header, sizeof(header));
  EXPECT_EQ(StatusOfTarget(answer, "verity"), "");
  header.data_start = sizeof(header);
  header.target_count = 0;
  std::memcpy(answer.data(), &header, sizeof(header));
  EXPECT_EQ(StatusOfTarget(answer, "verity"), "");
}

}  // namespace
}  // namespace activator
