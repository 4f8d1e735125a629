#include "pusher/ssh/bootstrap.h"

#include <fmt/ranges.h>

#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "hosts/way_to_root.h"
#include "pusher/protocol/failure_line.h"
#include "pusher/protocol/protocol.h"
#include "pusher/ssh/host_checks.h"
#include "pusher/ssh/switch_program.h"

namespace pusher {
namespace {

// Starts every line that the program says to us; a greeting that a login shell prints does not.
constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxLines = 1000;

// Runs $program as root. What sudo is asked for is what runs.
constexpr std::string_view kAsRoot = R"sh(
refuse() { set -f; echo; echo SLIPWAY1 REFUSED $*; exit 1; }
find_way
as_root sh -c "$program" slipway "$from" "$@"
)sh";

// Puts the agent there. Tools of busybox will do.
constexpr std::string_view kStoreAgent = R"sh(
temporary=
clean() { end_pulse; [ -z "$temporary" ] || rm -f "$temporary"; }
refuse() { clean; set -f; echo; echo SLIPWAY1 REFUSED $*; exit 1; }
trap clean EXIT
trap "exit 1" HUP INT TERM PIPE
(trap "" XFSZ) 2>/dev/null && trap "" XFSZ

# What an interrupted push left; an hour is far more than a push in progress needs for it.
clean_old() {
  now=$(date +%s)
  for old in "$dir"/.slipway-tmp-*; do
    [ -f "$old" ] && made=$(stat -c %Y "$old" 2>/dev/null) || continue # another push takes its own
    [ $((now - made)) -le 3600 ] || rm -f "$old"
  done
}

# take NAME DIGEST SIZE WORD: asks for a program by the word, and makes it $temporary.
take() {
  clean_old
  temporary=$dir/.slipway-tmp-$1-$$
  why=$({ : >"$temporary" && chmod 755 "$temporary"; } 2>&1) ||
    refuse "cannot store the $1 in $dir: ${why##*: }"
  other="choose another directory for the agent, such as --agent-dir /usr/local/lib/slipway"
  [ -x "$temporary" ] || refuse "no program can run in $dir, which is mounted noexec: $other"
  say "$4"
  why=$(head -c "$3" 2>&1 >"$temporary") || {
    most=$(ulimit -f)
    [ "$most" = unlimited ] || why="$why, files end at $most blocks for this login (ulimit -f)"
    refuse "cannot store the $1 in $dir: ${why##*: }"
  }
  [ "$(sha256sum <"$temporary")" = "$2  -" ] || refuse "the $1 did not arrive whole"
}
# put NAME PATH: $temporary, at its place.
put() {
  sync "$temporary" 2>/dev/null || sync
  why=$(mv -f "$temporary" "$2" 2>&1) || refuse "cannot store the $1: ${why##*: }"
  temporary=
  sync "$dir" 2>/dev/null || sync
}
store() {
  take agent "$digest" "$size" "NEED $arch"
  runs "$temporary" ||
    refuse "the agent that was sent does not run there (exit $code${said:+, ${said##*: }}): is the" \
      "activate beside imgpush whole, and built for $(uname -m)? SLIPWAY_AGENT names another"
  if [ -x "$agent" ] && runs "$agent"; then # another push was first, and runs from it
    rm -f "$temporary"
    temporary=
    return
  fi
  put agent "$agent"
}

check_systemd
# Each program that starts here costs a login, or a host with many of them, a few milliseconds.
find_present || check_machine
follow "$root/bin"
follow "$agent"
check
if ! [ -d "$root/bin" ] || ! [ -d "$dir" ]; then
  why=$(mkdir -p "$root/bin" "$dir" 2>&1) || refuse "cannot make $root/bin and $dir: ${why##*: }"
fi
if [ -x "$agent" ] && runs "$agent"; then
  end_pulse
  say "HAVE $arch"
else
  check_machine
  store
  end_pulse
  say "STORED $arch"
fi
)sh";

constexpr std::string_view kReceive = R"sh(
"$agent" receive --root "$root" --by "$by${from:+ from $from}" "$@" || exit
)sh";

// Where that ended well and a generation is to be activated, a line comes that says so. A push that
// activates nothing does not wait for it to be read.
constexpr std::string_view kAwaitSwitch = R"sh(
read -r generation id wait || exit 0
set -- --generation "$generation" --id "$id"
[ -z "$wait" ] || set -- "$@" --lock-wait "$wait"
)sh";

// Whether there is a password to ask for is a part of the program, the password is not.
std::string AsLogin(std::string_view program, const AgentOptions& host) {
  return fmt::format("{}{}ask={}\n{}", kLogin, hosts::kWayToRoot, host.sudo_password ? "yes" : "",
                     program);
}

}  // namespace

bool TakeLoginWord(Stream& stream, Login& login, std::string_view word) {
  const std::optional<std::string> answer = login.talk.Take(stream.peer(), word);
  if (answer && !answer->empty()) {
    stream.Write(base::AsBytes(*answer));
    stream.Flush();
  }
  return answer.has_value();
}

std::string NextWord(Stream& stream, Login& login) {
  for (size_t lines = 0; lines < kMaxLines;) {
    const std::optional<std::string> line = stream.ReadLine(kMaxLineBytes);
    if (!line) {
      return "";
    }
    if (!line->starts_with(kOurWord)) {
      if (!login.answered) {
        login.Add(*line);
      }
      ++lines;
      continue;
    }
    login.answered = true;
    std::string word = Printable(line->substr(kOurWord.size()));
    if (!TakeLoginWord(stream, login, word)) {
      return word;
    }
    lines = 0;  // it is alive, and there was an empty line before its word
  }
  base::Fail(base::ExitCode::kFailed,
             "{} prints endlessly before it answers; look at its login shell's start files",
             stream.peer());
}

void SendAgent(Stream& stream, const AgentBinary& agent) {
  const base::UniqueFd fd = base::OpenForReading(agent.path);
  for (uint64_t at = 0; at < agent.size_bytes;) {
    const std::vector<uint8_t> part = base::PRead(fd.get(), at, 256 << 10, agent.path);
    if (part.empty()) {
      base::Fail(base::ExitCode::kFailed, "{} became shorter meanwhile", agent.path);
    }
    stream.Write(part);
    at += part.size();
  }
  stream.Flush();
}

const AgentBinary* AgentIn(std::string_view word, std::string_view kind, const Agents& agents) {
  const size_t end = word.find(' ');
  if (word.substr(0, end) != kind) {
    return nullptr;
  }
  return AgentNamed(agents, end == std::string_view::npos ? "" : word.substr(end + 1));
}

void FailAs(const Stream& stream, const std::string& word, base::ExitCode refused) {
  constexpr std::string_view kRefused = "REFUSED ";
  if (word.starts_with(kRefused)) {
    base::Fail(refused, "{}: {}", stream.peer(), word.substr(kRefused.size()));
  }
  if (word.empty()) {
    base::Fail(base::ExitCode::kUnreachable, "{} ended the connection", stream.peer());
  }
  base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it answered '{}'", stream.peer(),
             word);
}

void CheckHostPath(const std::string& path, std::string_view option) {
  bool plain = path.size() > 1 && path.front() == '/' && path.back() != '/' &&
               path.find("//") == std::string::npos;
  for (const std::string_view part : {"/./", "/../"}) {
    plain = plain && (path + "/").find(part) == std::string::npos;
  }
  for (const char c : path) {
    plain = plain && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '\'' && c != '\\';
  }
  if (!plain) {
    base::Fail(base::ExitCode::kUsage,
               "{} '{}' is not possible on a host: use an absolute path such as /var/lib/images",
               option, Printable(path));
  }
}

std::string WithLogLevel(std::string_view program) {
  const base::LogLevel level = base::CurrentLogLevel();
  return (level == base::kDefaultLogLevel
              ? ""
              : fmt::format("export {}={}\n", base::kLogVariable, base::ToText(level))) +
         std::string(program);
}

std::string CommandAsRoot(std::string_view program, const std::vector<std::string>& words,
                          const AgentOptions& host) {
  return base::ShellCommand(AsLogin(kAsRoot, host), program, words);
}

std::string AgentPath(const AgentBinary& agent, const AgentOptions& host) {
  return host.agent_directory() + "/activate-" + agent.sha256.ToHex();
}

std::string OfferOf(const Agents& agents) {
  std::vector<std::string> out;
  for (const AgentBinary& agent : agents) {
    out.push_back(fmt::format("{} {} {}",
                              agent.architecture.empty() ? kAnyMachine : agent.architecture,
                              agent.sha256.ToHex(), agent.size_bytes));
  }
  return fmt::format("{}", fmt::join(out, " "));
}

std::string HostCommand(std::string_view first, std::string_view program, const Agents& agents,
                        const AgentOptions& host) {
  CheckHostPath(host.root, "--root");
  CheckHostPath(host.agent_directory(), "--agent-dir");
  std::vector<std::string> words = {host.root, host.agent_directory(), OfferOf(agents), host.by};
  words.insert(words.end(), host.agent_arguments.begin(), host.agent_arguments.end());
  return base::ShellCommand(
      AsLogin(first, host),
      WithLogLevel(fmt::format("{}{}{}{}", kHostWords, kHostTalk, kHostChecks, program)), words);
}

std::string AgentCommand(std::string_view program, const Agents& agents, const AgentOptions& host) {
  return HostCommand(kAsRoot, std::string(kStoreAgent).append(program), agents, host);
}

std::string BootstrapCommand(const Agents& agents, const AgentOptions& host) {
  std::string program(kReceive);
  if (host.activates) {
    program.append(kAwaitSwitch).append(kSwitchProgram);
  }
  return AgentCommand(program, agents, host);
}

void PassGate(Stream& stream, Login& login) {
  const std::string word = NextWord(stream, login);
  if (!word.starts_with("GATE ")) {
    FailAs(stream, word, base::ExitCode::kVerification);
  }
}

std::string SendForWord(Stream& stream, Login& login, const AgentBinary& program) {
  try {
    SendAgent(stream, program);
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kUnreachable) {
      throw;
    }
    FailAs(stream, NextWord(stream, login));  // why it stopped reading, such as a full disk
  }
  return NextWord(stream, login);
}

ChosenAgent RunBootstrap(Stream& stream, const Agents& agents, Login& login) {
  std::string word = NextWord(stream, login);
  if (const AgentBinary* there = AgentIn(word, "HAVE", agents)) {
    return {there, 0};
  }
  const AgentBinary* needed = AgentIn(word, "NEED", agents);
  if (needed == nullptr) {
    FailAs(stream, word);
  }
  word = SendForWord(stream, login, *needed);
  if (AgentIn(word, "STORED", agents) != needed) {
    FailAs(stream, word);
  }
  return {needed, needed->size_bytes};
}

}  // namespace pusher
