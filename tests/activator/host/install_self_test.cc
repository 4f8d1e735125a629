// Which program a host's bin/activate is after a push.
#include "activator/host/install_self.h"

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/file.h"

namespace activator {
namespace {

class LinkAgentTest : public testing::Test {
 protected:
  void SetUp() override { base::MakeDirectories(layout_.Bin()); }

  std::string Put(const std::string& name, const std::string& script) const {
    const std::string path = layout_.Bin() + "/" + name;
    base::WriteFileAtomically(path, script, 0755);
    return path;
  }
  std::string Put(const std::string& version) const {
    return Put("activate-" + version, "#!/bin/sh\necho activate " + version + "\n");
  }
  std::string Link() const {
    return base::ReadLinkIfThere(layout_.Bin() + "/activate").value_or("");
  }

  const base::TemporaryDirectory scratch_{"/tmp", "install-self-"};
  const images::HostLayout layout_{scratch_.path() + "/images"};
};

TEST_F(LinkAgentTest, IsNeverDowngraded) {
  LinkAgent(layout_, Put("0.9.1"), "0.9.1");
  EXPECT_EQ(Link(), "activate-0.9.1");
  LinkAgent(layout_, Put("0.10.0"), "0.10.0");
  EXPECT_EQ(Link(), "activate-0.10.0");
  LinkAgent(layout_, Put("0.9.1"), "0.9.1");
  EXPECT_EQ(Link(), "activate-0.10.0");
  LinkAgent(layout_, Put("other", "#!/bin/sh\n"), "0.10.0");  // the same version, built anew
  EXPECT_EQ(Link(), "other");
}

TEST_F(LinkAgentTest, WhatDoesNotRunIsReplaced) {
  const std::string agent = Put("0.1.0");
  for (const char* script : {"",
                             "\x7f"
                             "ELF",
                             "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho activate 9.0; kill -9 $$\n",
                             "#!/bin/sh\necho damaged\n"}) {
    Put("activate-9.0", script);
    base::ReplaceSymlink("activate-9.0", layout_.Bin() + "/activate");
    LinkAgent(layout_, agent, "0.1.0");
    EXPECT_EQ(Link(), "activate-0.1.0") << script;
  }
  // Damaged where --version does not go.
  Put("activate-" + base::Sha256Of("whole").ToHex(), "#!/bin/sh\necho activate 9.0\n");
  base::ReplaceSymlink("activate-" + base::Sha256Of("whole").ToHex(), layout_.Bin() + "/activate");
  LinkAgent(layout_, agent, "0.1.0");
  EXPECT_EQ(Link(), "activate-0.1.0");
  base::ReplaceSymlink("nowhere", layout_.Bin() + "/activate");
  LinkAgent(layout_, agent, "0.1.0");
  EXPECT_EQ(Link(), "activate-0.1.0");
}

TEST_F(LinkAgentTest, AnAgentElsewhereKnowsItsRoots) {
  const std::string directory = scratch_.path() + "/lib";
  base::MakeDirectories(directory);
  const std::string agent = directory + "/activate-x";
  base::WriteFileAtomically(agent, "#!/bin/sh\n", 0755);
  LinkAgent(layout_, agent, "0.1.0");
  EXPECT_EQ(Link(), agent);
  const std::vector<std::string> names = base::ListDirectory(directory);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_TRUE(names[0].starts_with(images::kRootLinkPrefix));
  EXPECT_EQ(base::RealPath(directory + "/" + names[0]), base::RealPath(agent));
}

}  // namespace
}  // namespace activator
