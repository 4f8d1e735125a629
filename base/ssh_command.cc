#include "base/ssh_command.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/process.h"

namespace base {
namespace {

// ssh takes the first value it sees of an option: what the user's own words set comes first, and
// their configuration last. A command, a terminal, forwarded ports or a background of its own
// there, meant for people who log in, would take our program's place or its input.
constexpr std::array kDefaults = {"-o", "ServerAliveInterval=5",
                                  "-o", "ServerAliveCountMax=4",
                                  "-o", "PermitLocalCommand=no",
                                  "-o", "ClearAllForwardings=yes",
                                  "-T", "-a",
                                  "-x"};
constexpr std::array kSince76 = {"RemoteCommand=none"};
constexpr std::array kSince87 = {"StdinNull=no", "ForkAfterAuthentication=no",
                                 "SessionType=default"};

// 902 for OpenSSH 9.2; 0 where the program does not tell.
int AskVersion(const std::string& ssh) {
  constexpr std::string_view kName = "OpenSSH_";
  try {
    const ProcessResult result =
        Run({ssh, "-V"},
            {.environment = {}, .timeout = std::chrono::seconds(5), .input = "", .log_name = ""});
    const size_t at = result.err.find(kName);
    if (at == std::string::npos) {
      return 0;
    }
    char* rest = nullptr;
    const auto first = std::strtol(result.err.c_str() + at + kName.size(), &rest, 10);
    const auto second = *rest == '.' ? std::strtol(rest + 1, nullptr, 10) : 0;
    return static_cast<int>(first * 100 + second);
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInterrupted) {
      throw;
    }
    return 0;  // what it is started for will say why it cannot be
  }
}

bool IsProgram(const std::string& path) {
  try {
    return AsText(PRead(OpenForReading(path).get(), 0, 4, path)) ==
           "\x7f"
           "ELF";
  } catch (const Error&) {
    return false;
  }
}

// The ssh that `program` is or most likely runs: nothing is asked of a script in its place.
std::string ProgramBehind(const std::string& program) {
  std::vector<std::string> places;
  if (program.find('/') != std::string::npos && BaseName(program) == "ssh") {
    places.push_back(program);
  }
  const char* path = std::getenv("PATH");
  for (std::string_view rest = path == nullptr ? "" : path; !rest.empty();) {
    const size_t end = std::min(rest.find(':'), rest.size());
    places.push_back(std::string(rest.substr(0, end)) + "/ssh");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const auto found = std::ranges::find_if(places, &IsProgram);
  return found == places.end() ? "" : *found;
}

int VersionOf(const std::string& program) {
  static std::mutex mutex;
  static std::map<std::string, int> known;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto [found, is_new] = known.emplace(program, 0);
  if (is_new) {
    const std::string ssh = ProgramBehind(program);
    found->second = ssh.empty() ? 0 : AskVersion(ssh);
  }
  return found->second;
}

template <typename Options>
void AddOptions(const Options& options, std::vector<std::string>& out) {
  for (const char* option : options) {
    out.insert(out.end(), {"-o", option});
  }
}

// Puts the lines together: csh has no line break between quotes. Wants n, sets first and program.
constexpr std::string_view kJoinLines =
    "n=$(echo; echo .) n=${n%.} first= program=; "
    "while :; do case $1 in ---) break ;; --) first=$program program= ;; "
    "*) program=$program$1$n ;; esac; shift; done; shift; eval \"$first\"";

void AddLines(std::string_view program, std::string& out) {
  while (!program.empty()) {
    const size_t end = std::min(program.find('\n'), program.size());
    const std::string_view line = program.substr(0, end);
    const std::string_view text = line.substr(std::min(line.find_first_not_of(' '), end));
    if (!text.empty() && text.front() != '#') {
      out += " " + ShellQuoted(std::string(text));
    }
    program.remove_prefix(std::min(end + 1, program.size()));
  }
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
    // Outside of the quotes they mean the same to every shell; within, fish reads a backslash and
    // csh an exclamation mark.
    out += c == '\'' || c == '\\' || c == '!' ? std::string("'\\") + c + "'" : std::string(1, c);
  }
  return out + "'";
}

std::string ShellWord(const std::string& text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/._-@:+,%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  return plain ? text : Printable(ShellQuoted(text), std::string::npos);
}

std::string ShellCommand(std::string_view first, std::string_view second,
                         const std::vector<std::string>& words) {
  std::string out = "sh -c " + ShellQuoted(std::string(kJoinLines)) + " slipway";
  AddLines(first, out);
  out += " --";
  AddLines(second, out);
  out += " ---";
  for (const std::string& word : words) {
    out += " " + ShellQuoted(word);
  }
  return out;
}

std::vector<std::string> SshCommandLine(const std::string& destination, const std::string& ssh,
                                        const std::string& command,
                                        std::chrono::seconds connect_timeout, bool may_ask,
                                        bool alone) {
  std::vector<std::string> out = SplitWords(ssh.empty() ? "ssh" : ssh);
  const int version = VersionOf(out.front());
  out.insert(out.end(), kDefaults.begin(), kDefaults.end());
  if (!may_ask) {
    out.insert(out.end(), {"-o", "BatchMode=yes"});
  }
  out.insert(out.end(), {"-o", fmt::format("ConnectTimeout={}", connect_timeout.count())});
  if (alone) {
    out.insert(out.end(), {"-o", "ControlMaster=no", "-o", "ControlPath=none"});
  }
  if (version >= 706) {
    AddOptions(kSince76, out);
  }
  if (version >= 807) {
    AddOptions(kSince87, out);
  }
  out.push_back(destination);
  out.push_back(command);
  return out;
}

}  // namespace base
