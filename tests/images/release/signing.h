// Real keys and real signatures for tests, made by ssh-keygen.
#ifndef TESTS_IMAGES_RELEASE_SIGNING_H_
#define TESTS_IMAGES_RELEASE_SIGNING_H_

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "images/release/release.h"
#include "images/release/trust.h"
#include "tests/support/run.h"
#include "tests/support/scratch.h"

namespace tests {

// A folder of keys, those of alice, bob and eve to begin with, and a statement to sign.
class Keys {
 public:
  explicit Keys(const std::string& folder) : folder_(folder) {
    std::signal(SIGPIPE, SIG_IGN);  // ssh-keygen need not read what it is given
    for (const char* name : {"alice", "bob", "eve"}) {
      MakeKey(name, "ed25519");
    }
    statement_.channel = "production";
    statement_.name = "nginx";
    statement_.manifest_sha256 = base::Sha256Of("manifest");
    statement_.provenance_sha256 = base::Sha256Of("provenance");
    statement_.released = *base::FromIso8601("2026-11-29T21:11:08Z");
  }

  std::string KeyFile(const std::string& name) const { return folder_ + "/" + name; }

  // `kind`: "rsa", "ecdsa -b 384".
  void MakeKey(const std::string& name, const std::string& kind) const {
    std::filesystem::remove(KeyFile(name));
    MustRun({"sh", "-c", "ssh-keygen -q -N '' -C '' -f \"$0\" -t " + kind, KeyFile(name)});
  }
  // Of `name`'s key, in the file NAME-cert.pub.
  void MakeCertificate(const std::string& name, const std::string& authority,
                       const std::string& principal,
                       const std::string& validity = "always:forever") const {
    if (!std::filesystem::exists(KeyFile(authority))) {
      MakeKey(authority, "ed25519");
    }
    MustRun({"ssh-keygen", "-q", "-s", KeyFile(authority), "-I", name, "-n", principal, "-V",
             validity, KeyFile(name + ".pub")});
  }

  std::string PublicKey(const std::string& name) const {
    std::string text = base::ReadFile(KeyFile(name + ".pub"));
    text.erase(text.find_last_not_of(" \n") + 1);
    return text;
  }
  std::string FingerprintOfFile(const std::string& name) const {
    const std::string out = MustRun({"ssh-keygen", "-l", "-f", KeyFile(name + ".pub")});
    const size_t at = out.find("SHA256:");
    return out.substr(at, out.find(' ', at) - at);
  }

  std::string SignAs(const std::string& name_space, const std::string& line,
                     const std::string& key) const {
    return line + BlockOf(name_space, line, KeyFile(key));
  }
  std::string SignWith(const images::Statement& statement, const std::string& key_file) const {
    const std::string line = statement.Serialize();
    return line + BlockOf(images::kReleaseNamespace, line, key_file);
  }
  std::string Sign(const images::Statement& statement, const std::vector<std::string>& keys) const {
    const std::string line = statement.Serialize();
    std::string out = line;
    for (const std::string& key : keys) {
      out += BlockOf(images::kReleaseNamespace, line, KeyFile(key));
    }
    return out;
  }
  std::string BlockOf(const std::string& name_space, const std::string& line,
                      const std::string& key_file) const {
    RunOptions options;
    options.input = line;
    return MustRun({"ssh-keygen", "-q", "-Y", "sign", "-n", name_space, "-f", key_file}, options);
  }

  // "alice@x KEY" each.
  std::string SignersFor(const std::vector<std::string>& names) const {
    std::string out;
    for (const std::string& name : names) {
      out += name + "@x " + PublicKey(name) + "\n";
    }
    return out;
  }
  images::TrustTexts TrustIn(const std::vector<std::string>& names, uint64_t threshold = 1) const {
    return {SignersFor(names), "", images::Policy{{"production"}, threshold}.Serialize()};
  }

  images::Statement statement_;

 private:
  const std::string folder_;
};

class SigningTest : public ScratchTest, public Keys {
 protected:
  SigningTest() : Keys(scratch()) {}
};

}  // namespace tests

#endif  // TESTS_IMAGES_RELEASE_SIGNING_H_
