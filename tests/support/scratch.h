// A test's own empty directory, gone with the test.
#ifndef TESTS_SUPPORT_SCRATCH_H_
#define TESTS_SUPPORT_SCRATCH_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "base/file.h"

namespace tests {

class ScratchTest : public ::testing::Test {
 protected:
  // The path of `name` in the directory; not the product's way to write and read, which is tested.
  std::string At(const std::string& name) const { return scratch_.path() + "/" + name; }
  std::string Put(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(At(name)).parent_path());
    std::ofstream(At(name), std::ios::binary) << content;
    return At(name);
  }
  std::string Get(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(At(name), std::ios::binary).rdbuf();
    return out.str();
  }
  const std::string& scratch() const { return scratch_.path(); }

 private:
  base::TemporaryDirectory scratch_{std::filesystem::canonical(::testing::TempDir()).string(),
                                    "slipway-test-"};
};

}  // namespace tests

#endif  // TESTS_SUPPORT_SCRATCH_H_
