#include "pusher/ssh/login.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "pusher/protocol/protocol.h"

namespace pusher {
namespace {

constexpr size_t kKeptBytes = 8 << 10;
constexpr size_t kMostLines = 5;
constexpr size_t kMostLineBytes = 200;

struct KnownCase {
  std::string_view text;  // one of the lines has it
  std::string_view advice;
  bool lasts = true;
};

// The first that fits counts: what the user can change before what follows from it.
constexpr std::array kKnown = {
    KnownCase{"REMOTE HOST IDENTIFICATION HAS CHANGED",
              "its host key has changed: where that is right (it was installed anew), remove the "
              "old one with ssh-keygen -R HOST and log in once by hand"},
    KnownCase{"host key is known for",
              "its host key is not known here: log in once by hand and compare the fingerprint"},
    KnownCase{"Host key verification failed",
              "its host key is not the one known here: log in once by hand and compare it"},
    KnownCase{"Too many authentication failures",
              "ssh offers more keys than the host tries: name the right one in the ssh "
              "configuration with IdentityFile and IdentitiesOnly yes"},
    KnownCase{"lease login as", "write the user that it names, as in USER@HOST"},
    KnownCase{"lease log in as", "write the user that it names, as in USER@HOST"},
    KnownCase{"account has expired", "the account has expired there: chage -E -1 USER"},
    KnownCase{"account is expired", "the account has expired there: chage -E -1 USER"},
    KnownCase{"password has expired", "log in once by hand and change the password"},
    KnownCase{"Password change required", "log in once by hand and change the password"},
    KnownCase{"required to change your password", "log in once by hand and change the password"},
    KnownCase{"account is currently not available",
              "this user has no shell there (nologin): log in as another"},
    KnownCase{"sftp connections only",
              "this user may copy files alone, and a push runs a program: log in as another"},
    KnownCase{"unrecognized command",
              "this user may run certain commands alone: log in as another"},
    KnownCase{"slipway-gate: ",
              "this login is no gate: leave out --gate, or \"gate\" in hosts.json"},
    KnownCase{"sh: command not found",
              "this user's shell is restricted and finds no sh: log in as another"},
    KnownCase{"System is booting up", "", false},
    KnownCase{"UNPROTECTED PRIVATE KEY FILE", "ssh uses no key that others can read: chmod 600 it"},
    KnownCase{"no matching", "ssh and the host have no algorithm in common"},
    KnownCase{"Permission denied",
              "no key that ssh offers without asking is right there: try the same login by hand; "
              "a key with a passphrase needs ssh-add"},
    KnownCase{"Temporary failure in name resolution", "", false},
    KnownCase{"Could not resolve hostname", ""},
    KnownCase{"ad configuration option", "the ssh configuration is wrong"},
    KnownCase{"Bad owner or permissions", "ssh does not read this file: chmod 600 it"},
    KnownCase{"administratively prohibited",
              "the jump host lets nobody through: AllowTcpForwarding in its sshd_config"},
    KnownCase{"stdio forwarding failed", "the jump host does not reach the host behind it", false},
    KnownCase{"closed by UNKNOWN port", "the jump host, or the ProxyCommand, ended it", false},
};

// Without empty lines and the frames of signs around a warning.
std::vector<std::string> LinesOf(const std::string& text) {
  constexpr std::string_view kFrame = "@ \t\r";
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const size_t first = line.find_first_not_of(kFrame);
    if (first != std::string::npos) {
      const size_t size = line.find_last_not_of(kFrame) + 1 - first;
      out.push_back(Printable(line.substr(first, std::min(size, kMostLineBytes))));
    }
  }
  return out;
}

}  // namespace

void Login::Add(std::string_view line) {
  printed.append(line).append("\n");
  printed.erase(0, printed.size() - std::min(printed.size(), kKeptBytes));
}

LoginFailure ExplainLogin(const std::string& ssh_said, const std::string& host_printed) {
  std::vector<std::string> lines = LinesOf(host_printed);
  const std::vector<std::string> others = LinesOf(ssh_said);
  lines.insert(lines.end(), others.begin(), others.end());
  const auto known = std::ranges::find_if(kKnown, [&](const KnownCase& one) {
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(one.text) != std::string::npos; });
  });
  lines.erase(lines.begin(),
              lines.end() - static_cast<std::ptrdiff_t>(std::min(lines.size(), kMostLines)));
  LoginFailure out{fmt::format("{}", fmt::join(lines, " / ")),
                   known != kKnown.end() && known->lasts};
  if (known != kKnown.end() && !known->advice.empty()) {
    out.text += fmt::format(" ({})", known->advice);
  }
  return out;
}

}  // namespace pusher
