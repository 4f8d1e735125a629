#include "builder/write/small_files.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "base/error.h"

namespace builder {
namespace {

const base::KeyedHash kHash(std::string(base::KeyedHash::kKeyBytes, 'k'));

Node FileOf(const std::string& content) {
  Node out;
  out.kind = Node::Kind::kFile;
  out.SetText(content);
  return out;
}

TEST(SmallFilesTest, ComeInOrderWithTheirHashes) {
  std::deque<std::string> contents;
  std::vector<Node> nodes;
  for (int i = 0; i < 12; ++i) {  // more than are read at once
    nodes.push_back(FileOf(contents.emplace_back(400'000, static_cast<char>('a' + i))));
  }
  std::vector<const Node*> pointers;
  for (const Node& node : nodes) {
    pointers.push_back(&node);
  }
  SmallFiles files(pointers, kHash);
  for (const Node& node : nodes) {
    const SmallFile file = files.Next();
    EXPECT_EQ(std::string(file.content.begin(), file.content.end()), node.text());
    EXPECT_EQ(file.hash, kHash.Of(base::AsBytes(node.text())));
  }
}

TEST(SmallFilesTest, NothingIsReadAfterTheLastOne) {
  const std::string content = "one";
  const Node node = FileOf(content);
  SmallFiles files({&node}, kHash);
  files.Next();
  EXPECT_THROW(files.Next(), base::Error);
  SmallFiles none({}, kHash);
  EXPECT_THROW(none.Next(), base::Error);
}

}  // namespace
}  // namespace builder
