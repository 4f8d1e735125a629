#include "base/ssh_command.h"

#include <optional>

#include "base/error.h"

namespace base {
namespace {

// ssh takes the first value it sees of an option: what the user's own words set comes first.
const std::vector<std::string>& SshDefaults() {
  static const std::vector<std::string> kDefaults = {"-o", "BatchMode=yes",
                                                     "-o", "ConnectTimeout=10",
                                                     "-o", "ServerAliveInterval=5",
                                                     "-o", "ServerAliveCountMax=4",
                                                     "-T", "-a",
                                                     "-x"};
  return kDefaults;
}

}  // namespace

std::vector<std::string> SplitWords(const std::string& text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0' ? c == quote : (c == '\'' || c == '"')) {
      quote = quote == '\0' ? c : '\0';
      word = word.value_or("");
    } else if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      if (word) {
        words.push_back(*word);
        word.reset();
      }
    } else {
      word = word.value_or("") + c;
    }
  }
  if (word) {
    words.push_back(*word);
  }
  if (quote != '\0' || words.empty()) {
    Fail(ExitCode::kUsage, "the ssh command '{}' {}", text,
         words.empty() ? "has no word" : "has a quote that is not closed");
  }
  return words;
}

std::string ShellQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    // Outside of the quotes both mean the same to every shell; within, fish reads a backslash.
    out += c == '\'' || c == '\\' ? std::string("'\\") + c + "'" : std::string(1, c);
  }
  return out + "'";
}

std::vector<std::string> SshCommandLine(const std::string& destination, const std::string& ssh,
                                        const std::string& command) {
  std::vector<std::string> out = SplitWords(ssh.empty() ? "ssh" : ssh);
  out.insert(out.end(), SshDefaults().begin(), SshDefaults().end());
  out.push_back(destination);
  out.push_back(command);
  return out;
}

}  // namespace base
