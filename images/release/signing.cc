#include "images/release/signing.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/process.h"
#include "base/unique_fd.h"
#include "images/release/signature_verifier.h"

namespace images {
namespace {

constexpr std::chrono::minutes kForAPerson(10);  // who types a passphrase or touches a token

// The terminal at which ssh-keygen asks: one that is killed meanwhile leaves it without echo, so it
// becomes what it was.
class AskedTerminal {
 public:
  AskedTerminal()
      : fd_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)),
        is_there_(fd_.valid() && ::tcgetattr(fd_.get(), &before_) == 0) {}
  ~AskedTerminal() {
    // In the background it is somebody else's.
    if (is_there_ && ::tcgetpgrp(fd_.get()) == ::getpgrp()) {
      ::tcsetattr(fd_.get(), TCSANOW, &before_);
    }
  }
  AskedTerminal(const AskedTerminal&) = delete;
  AskedTerminal& operator=(const AskedTerminal&) = delete;

  bool is_there() const { return is_there_; }

 private:
  termios before_{};
  const base::UniqueFd fd_;
  const bool is_there_;
};

// Without a terminal ssh-keygen takes the line to sign for the passphrase, and says it is wrong.
constexpr const char* kNoTerminal =
    "; there is no terminal to ask for a passphrase: if the key has one, add it to ssh-agent";

}  // namespace

std::string DefaultSigningKey() {
  const char* home = std::getenv("HOME");
  const std::string folder = std::string(home == nullptr ? "/" : home) + "/.ssh/";
  for (const char* name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
    for (const char* ending : {"", ".pub"}) {
      if (base::Exists(folder + name + ending)) {
        return folder + name + ending;
      }
    }
  }
  base::Fail(base::ExitCode::kUsage,
             "there is no id_ed25519, id_ecdsa or id_rsa in {}: say which with --key; of a key in "
             "ssh-agent, the file of its public key",
             folder);
}

SshSignature Sign(const std::string& line, const std::string& name_space, const std::string& key,
                  const std::string& program, const base::Io& io) {
  if (!base::Exists(key)) {
    base::Fail(base::ExitCode::kUsage, "--key: there is no {}", key);
  }
  if (io.err_is_terminal) {
    io.Err("{}: ssh-keygen asks for a passphrase or a touch, if the key needs it\n", program);
  }
  const AskedTerminal terminal;
  const base::ProcessResult result =
      RunSshKeygen({"-q", "-Y", "sign", "-n", name_space, "-f", key}, line, kForAPerson);
  if (!result.ok()) {
    base::Fail(base::ExitCode::kFailed, "ssh-keygen did not sign with {}: {}{}", key,
               result.timed_out ? "nobody answered it for 10 minutes"
                                : base::Printable(base::LastLines(result.err, 1)),
               terminal.is_there() ? "" : kNoTerminal);
  }
  const SshSignature out = SshSignature::Parse(result.out, name_space, "the signature of " + key);
  if (!IsSignatureOf(out, line)) {
    base::Fail(base::ExitCode::kFailed, "ssh-keygen does not verify what it signed with {}", key);
  }
  return out;
}

}  // namespace images
