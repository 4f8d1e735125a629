// One Ceph for all tests of a program: it takes a while to start.
#ifndef TESTS_FETCHER_CEPH_H_
#define TESTS_FETCHER_CEPH_H_

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "store/open.h"
#include "tests/fetcher/fetch_scene.h"
#include "tests/support/servers.h"

namespace fetcher {

class FetchOnCephTest : public FetchTest {
 protected:
  FetchOnCephTest() {
    Put("credentials/store", "aws_access_key_id = " + Ceph().KeyId() +
                                 "\naws_secret_access_key = " + Ceph().Secret() + "\n");
    std::filesystem::permissions(At("credentials/store"), std::filesystem::perms::owner_read);
  }
  ~FetchOnCephTest() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }

  // What a fetch that starts from now on finds.
  void GiveKey() const { ::setenv("CREDENTIALS_DIRECTORY", At("credentials").c_str(), 1); }
  // A place of its own in the bucket.
  static std::string Location(const std::string& prefix) {
    return "s3+" + Ceph().Endpoint() + "/one/" + prefix;
  }
  std::unique_ptr<store::Store> Open(const std::string& location) const {
    return store::Open(location, {.credentials_file = At("credentials/store")});
  }

 private:
  static const tests::CephHost& Ceph() {
    static const tests::CephHost ceph({"one"});
    return ceph;
  }
};

}  // namespace fetcher

#endif  // TESTS_FETCHER_CEPH_H_
