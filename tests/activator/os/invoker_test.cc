#include "activator/os/invoker.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <map>

#include "base/atomic_file.h"
#include "base/file.h"
#include "base/process.h"
#include "base/sys.h"

namespace activator {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

// What the kernel says of the login, and the users there are.
class LoginIs : public base::Sys {
 public:
  explicit LoginIs(const std::string& uid) {
    base::WriteFileAtomically(folder_.path() + "/loginuid", uid);
    base::WriteFileAtomically(folder_.path() + "/passwd",
                              "root:x:0:0:root:/root:/bin/sh\ncut\nops:x:1007:7::/:/bin/sh\n");
  }
  int Open(const char* path, int flags, mode_t mode) override {
    for (const char* name : {"/loginuid", "/passwd"}) {
      if (std::string_view(path).ends_with(name)) {
        return Sys::Open((folder_.path() + name).c_str(), flags, mode);
      }
    }
    return Sys::Open(path, flags, mode);
  }

 private:
  base::TemporaryDirectory folder_{::testing::TempDir(), "slipway-login-"};
};

TEST(Invoker, IsTheKernelsLoginWhateverTheEnvironmentSays) {
  ::setenv("SUDO_USER", "mallory", 1);
  ::setenv("SSH_CONNECTION", "192.0.2.1 1234 192.0.2.2 22", 1);
  for (const auto& [uid, who] : std::map<std::string, std::string>{{"0", "root"},
                                                                   {"1007", "ops"},
                                                                   {"1008", "mallory"},
                                                                   {"4294967295", "mallory"},
                                                                   {"65534", "mallory"}}) {
    LoginIs sys(uid);
    const base::ScopedSys seam(sys);
    EXPECT_EQ(Invoker(), who + " from 192.0.2.1");
  }
  ::unsetenv("SUDO_USER");
  ::unsetenv("SSH_CONNECTION");
}

TEST(Invoker, IsTheLoginAndWhereItCameFrom) {
  LoginIs unknown("4294967295");
  const base::ScopedSys seam(unknown);
  ::setenv("SUDO_USER", "ada", 1);
  ::setenv("SSH_CONNECTION", "192.0.2.1 1234 192.0.2.2 22", 1);
  ::setenv("SECRET", "hunter2", 1);
  EXPECT_EQ(Invoker(), "ada from 192.0.2.1");
  ::unsetenv("SUDO_USER");
  ::setenv("DOAS_USER", "bob", 1);
  EXPECT_EQ(Invoker(), "bob from 192.0.2.1");
  ::unsetenv("DOAS_USER");
  EXPECT_THAT(Invoker(), HasSubstr(" from 192.0.2.1"));
  EXPECT_THAT(Invoker(), Not(HasSubstr("hunter2")));
  ::unsetenv("SSH_CONNECTION");
}

// sudo drops SSH_CONNECTION; the processes above have it.
TEST(Invoker, FindsWhereItCameFromAboveSudo) {
  const base::ProcessResult result =
      base::Run({"sh", "-c",
                 "SSH_CONNECTION='192.0.2.7 1 192.0.2.2 22' "
                 "sh -c 'env -u SSH_CONNECTION -u SUDO_USER " SLIPWAY_PRINT_INVOKER "; true'"});
  EXPECT_THAT(result.out, EndsWith(" from 192.0.2.7\n"));
}

}  // namespace
}  // namespace activator
