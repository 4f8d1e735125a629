#include "builder/small_files.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace builder {
namespace {

Node FileOf(std::string content) {
  Node out;
  out.kind = Node::Kind::kFile;
  out.size_bytes = content.size();
  out.literal = std::move(content);
  return out;
}

TEST(SmallFilesTest, ComeInOrderWithTheirDigests) {
  std::vector<Node> nodes;
  for (int i = 0; i < 5; ++i) {  // more than are read at once
    nodes.push_back(FileOf(std::string(400'000, static_cast<char>('a' + i))));
  }
  std::vector<const Node*> pointers;
  for (const Node& node : nodes) {
    pointers.push_back(&node);
  }
  SmallFiles files(pointers);
  for (const Node& node : nodes) {
    const SmallFile file = files.Next();
    EXPECT_EQ(std::string(file.content.begin(), file.content.end()), *node.literal);
    EXPECT_EQ(file.digest, base::Sha256Of(*node.literal));
  }
}

TEST(SmallFilesTest, NothingIsReadAfterTheLastOne) {
  const Node node = FileOf("one");
  SmallFiles files({&node});
  files.Next();
  EXPECT_THROW(files.Next(), std::future_error);
  SmallFiles none({});
  EXPECT_THROW(none.Next(), std::future_error);
}

}  // namespace
}  // namespace builder
