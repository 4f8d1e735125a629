// Pushes of signed images, by real keys, to a host that may ask for them.
#ifndef SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SIGNED_FIXTURE_H_
#define SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SIGNED_FIXTURE_H_

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "activator/trust/accepted.h"
#include "activator/trust/host_trust.h"
#include "activator/trust/set_trust.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "images/release/release.h"
#include "tests/activator/receive/push_fixture.h"
#include "tests/images/release/signing.h"

namespace activator {

class SignedPushTest : public PushTest {
 protected:
  SignedPushTest() : keys_(MakeFolder(directory_.path() + "/keys")) {
    base::MakeDirectories(options_.root);
    built_ = Build("1");
  }

  static const std::string& MakeFolder(const std::string& path) {
    base::MakeDirectories(path);
    return path;
  }
  void Trust(const std::vector<std::string>& names, uint64_t threshold = 1) {
    SetTrust(layout(), keys_.TrustIn(names, threshold));
  }
  images::Statement StatementFor(const std::string& built, std::chrono::system_clock::duration age =
                                                               std::chrono::hours(1)) const {
    const images::ImageDirectory image(built);
    images::Statement out;
    out.channel = "production";
    out.name = image.manifest().name;
    out.manifest_sha256 = image.stored().digest;
    out.provenance_sha256 =
        base::Sha256Of(base::ReadFileIfThere(image.provenance_path()).value_or(""));
    out.released = std::chrono::floor<std::chrono::seconds>(base::SystemClock().Now() - age);
    return out;
  }
  void Release(const std::string& built, const std::string& text) const {
    base::WriteFileAtomically(built + "/release", text);
  }
  void Sign(const std::string& built, const std::vector<std::string>& names = {"alice"},
            std::chrono::system_clock::duration age = std::chrono::hours(1)) const {
    Release(built, keys_.Sign(StatementFor(built, age), names));
  }
  void ExpectRefused(const std::string& built, const std::string& why) {
    EXPECT_THAT(Push({built}).error, testing::HasSubstr(why));
    EXPECT_FALSE(base::Exists(There(built))) << "something was published";
  }
  AcceptedVersion AcceptedOf(const std::string& built) const {
    const images::ImageDirectory image(built);
    const Accepted all = ReadAccepted(layout());
    const AcceptedVersion* found = all.Find(image.manifest().name, image.stored().digest);
    return found == nullptr ? AcceptedVersion() : *found;
  }
  std::vector<std::string> SignersNow(const std::string& built) const {
    const images::ImageDirectory image(built);
    return HeldReleases(layout()).Check(image.manifest().name, image.stored().digest);
  }
  // Nothing without a verity root is taken any more.
  void RequireVerity() const {
    images::TrustTexts texts = keys_.TrustIn({"alice"}, 1);
    texts.policy = R"({"channels":["production"],"format":1,"threshold":1,"verity":"required"})";
    SetTrust(layout(), texts);
  }
  std::string BuildVerity(const std::string& name = "app") const {
    return tests::WriteImage(directory_.path() + "/built",
                             {name, "1", chunks_, "", {}, false, {}, true});
  }
  // The same image, of which the manifest names another verity root.
  std::string WithAnotherRoot(const std::string& built) const {
    images::Manifest manifest = images::ImageDirectory(built).manifest();
    manifest.image.verity_root = base::Sha256Of("another");
    const std::string text = manifest.Serialize();
    std::string out =
        base::ParentOf(built) + "/" + images::ImageId::Of(base::Sha256Of(text)).text();
    std::filesystem::copy(built, out, std::filesystem::copy_options::recursive);
    base::WriteFileAtomically(out + "/manifest.json", text);
    return out;
  }
  // Another image of the same name.
  std::string BuildOther() {
    chunks_.back() = tests::NoiseBytes(99, kChunkBytes);
    return Build("2");
  }

  tests::Keys keys_;
  std::string built_;
};

}  // namespace activator

#endif  // SLIPWAY_TESTS_ACTIVATOR_RECEIVE_SIGNED_FIXTURE_H_
