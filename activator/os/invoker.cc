#include "activator/os/invoker.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace activator {
namespace {

constexpr int kMostAncestors = 32;

// Files of /proc say a size of 0 and may be of another user's process, or of one that just ended.
std::string ReadOfProcess(pid_t pid, const char* file) {
  try {
    return base::ReadFileIfThere(fmt::format("/proc/{}/{}", pid, file)).value_or("");
  } catch (const base::Error&) {
    return "";
  }
}

pid_t ParentOf(pid_t pid) {
  // "PID (name that may hold anything) STATE PARENT ..."
  const std::string stat = ReadOfProcess(pid, "stat");
  const size_t name_end = stat.rfind(')');
  pid_t out = 0;
  if (name_end != std::string::npos && name_end + 4 < stat.size()) {
    std::from_chars(stat.data() + name_end + 4, stat.data() + stat.size(), out);
  }
  return out;
}

std::optional<std::string> VariableOf(pid_t pid, const std::string& name) {
  const std::string text = '\0' + ReadOfProcess(pid, "environ");
  const std::string key = '\0' + name + "=";
  const size_t at = text.find(key);
  return at == std::string::npos ? std::nullopt
                                 : std::optional(std::string(text.c_str() + at + key.size()));
}

std::string SshConnection() {
  if (const char* ours = std::getenv("SSH_CONNECTION"); ours != nullptr) {
    return ours;
  }
  pid_t pid = ::getppid();
  for (int i = 0; i < kMostAncestors && pid > 1; ++i) {
    if (const auto found = VariableOf(pid, "SSH_CONNECTION")) {
      return *found;
    }
    pid = ParentOf(pid);
  }
  return "";
}

// The kernel keeps it from the login on, and lets nobody change it; not every system sets it.
// Empty: it is not known, or no user of /etc/passwd.
std::string NameOfLogin() {
  constexpr uid_t kUnset = static_cast<uid_t>(-1);
  constexpr uid_t kOfAnotherNamespace = 65534;
  uid_t login = kUnset;
  const std::string number = ReadOfProcess(::getpid(), "loginuid");
  std::from_chars(number.data(), number.data() + number.size(), login);
  if (login == kUnset || login == kOfAnotherNamespace) {
    return "";
  }
  // NAME:PASSWORD:UID:...
  for (const std::string& line : base::LinesOf(base::ReadFileIfThere("/etc/passwd").value_or(""))) {
    const size_t name_end = line.find(':');
    const size_t uid_at = line.find(':', name_end + 1) + 1;
    if (name_end != std::string::npos && uid_at > 0 &&
        line.compare(uid_at, line.find(':', uid_at) - uid_at, std::to_string(login)) == 0) {
      return line.substr(0, name_end);
    }
  }
  return "";
}

}  // namespace

std::string Invoker() {
  const char* user = std::getenv("SUDO_USER");
  if (user == nullptr) {
    user = std::getenv("DOAS_USER");
  }
  std::string out = NameOfLogin();
  if (out.empty()) {
    out = user != nullptr ? user : ::getuid() == 0 ? "root" : fmt::format("user {}", ::getuid());
  }
  const std::string connection = SshConnection();
  const std::string origin = connection.substr(0, connection.find(' '));
  return origin.empty() ? out : out + " from " + origin;
}

}  // namespace activator
