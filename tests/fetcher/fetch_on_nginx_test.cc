// The static program on a folder that nginx serves by TLS, also in a root whose C library and
// OpenSSL are set up in ways that no static program survives that asks them.
#include <filesystem>

#include "tests/fetcher/fetch_scene.h"
#include "tests/support/run.h"
#include "tests/support/servers.h"

namespace fetcher {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class FetchOnNginxTest : public FetchTest {
 protected:
  void SetUp() override {
    ::unsetenv("SSL_CERT_FILE");
    PublishAll(store_, {old_});
    PublishAll(store_, {image_});
    server_ = std::make_unique<tests::WebHost>(folder(), At("certificate"));
  }
  PlayOrder Order(const pusher::ImageUpload& image, const std::string& path = "") const {
    return {server_->Tls() + path, {DigestOf(image)}, {}, {TEST_FETCH}, At("certificate")};
  }
  void Expect(const PlayOrder& order, const pusher::ImageUpload& image, uint64_t requests) const {
    const Played played = Play(order);
    EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
    EXPECT_TRUE(HasImage(image, order.host));
    EXPECT_EQ(played.requests, requests);
  }

  store::FolderStore store_{folder()};
  const pusher::ImageUpload old_ = BuildText("1");
  const pusher::ImageUpload image_ = BuildText("2");
  std::unique_ptr<tests::WebHost> server_;
};

TEST_F(FetchOnNginxTest, ItInstallsUpdatesAndLeavesAlone) {
  Trust("host", {"alice"});
  Expect(Order(old_), old_, 5);
  Expect(Order(image_), image_, 2);
  Expect(Order(image_), image_, 1);
  store_.Delete(DeltaKeyOf(image_, old_));
  PlayOrder second = Order(old_);
  second.host = "second";
  Expect(second, old_, 5);
  second.versions = {DigestOf(image_)};
  Expect(second, image_, 6);
}

// Six connections at once bring much before its turn.
TEST_F(FetchOnNginxTest, ALargeImageTakesLittleMemoryAlsoWithoutRanges) {
  const pusher::ImageUpload large = BuildText("large", 1000);
  PublishAll(store_, {large});
  const Played played = Play(Order(large));
  EXPECT_TRUE(played.IsGood()) << played.host_err << played.fetch_err;
  EXPECT_LT(played.fetch_kib, 32 << 10);
  fs::remove_all(At("host"));
  Expect(Order(large, "/no-ranges"), large, 5);
}

TEST_F(FetchOnNginxTest, ACertificateOfNobodyIsNotTrusted) {
  PlayOrder order = Order(old_);
  order.ca_file = "";
  const Played played = Play(order);
  EXPECT_EQ(played.host_code, 7) << played.host_err;
  EXPECT_THAT(played.host_err, HasSubstr("certificate"));
  EXPECT_EQ(played.fetch_code, base::ExitCode::kUnreachable);
}

class ForeignRootTest : public FetchOnNginxTest {
 protected:
  // The C library with all that systemd adds to it, and a provider of OpenSSL.
  void SetUp() override {
    FetchOnNginxTest::SetUp();
    const std::string packages = tests::MustRun(
        {SLIPWAY_DEBIAN_ROOT, "--suite", "trixie",
         "libc6,libnss-myhostname,libnss-mymachines,libnss-resolve,openssl-provider-legacy"},
        {.timeout = std::chrono::minutes(5)});
    tests::MustRun({"cp", "-a", packages.substr(0, packages.find('\n')), At("root")});
    Put("root/etc/nsswitch.conf", "hosts: files mymachines resolve myhostname dns\n");
    Put("root/etc/hosts", "127.0.0.1 store.example\n");
    Put("root/etc/resolv.conf", "nameserver 127.0.0.1\n");
    const std::string configuration =
        "openssl_conf = init\n[init]\nproviders = providers\n[providers]\ndefault = one\n"
        "legacy = one\n[one]\nactivate = 1\n";
    Put("root/usr/lib/ssl/openssl.cnf", configuration);
    Put("root/etc/ssl/openssl.cnf", configuration);
    fs::copy_file(TEST_FETCH, At("root/fetch"));
    fs::copy_file(At("certificate"), At("root/certificate"));
  }
  PlayOrder OrderThere(const std::string& location) const {
    return {
        location, {DigestOf(old_)}, {}, {"/usr/sbin/chroot", At("root"), "/fetch"}, "/certificate"};
  }
};

TEST_F(ForeignRootTest, ItAsksNeitherForNamesNorForModules) {
  Expect(OrderThere(server_->Tls()), old_, 5);
  fs::remove_all(At("host"));
  const std::string port = server_->Plain().substr(server_->Plain().rfind(':'));
  Expect(OrderThere("http://store.example" + port), old_, 5);
  const Played played = Play(OrderThere("http://none.example" + port));
  EXPECT_EQ(played.host_code, 7) << played.host_err;
  EXPECT_THAT(played.host_err, HasSubstr("none.example"));
}

}  // namespace
}  // namespace fetcher
