#include "pusher/ssh/bootstrap.h"

#include <fmt/ranges.h>

#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "pusher/protocol/protocol.h"
#include "pusher/ssh/switch_program.h"

namespace pusher {
namespace {

// Starts every line that the program says to us; a greeting that a login shell prints does not.
constexpr std::string_view kMagic = "SLIPWAY1 ";
constexpr size_t kMaxLineBytes = 4096;
constexpr size_t kMaxLines = 1000;

// Programs stand between single quotes, which fish reads differently from sh: so no single quote
// and no backslash within.

// Becomes root where the login is not, and runs the program that is its first word. sudo drops
// SSH_CONNECTION, so where the connection comes from is the program's first word.
constexpr std::string_view kAsRoot = R"sh(
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
refuse() { set -f; echo; echo SLIPWAY1 REFUSED $*; exit 1; }
program=$1 from=${SSH_CONNECTION:-}
shift
[ "$(id -u)" = 0 ] && exec sh -c "$program" slipway "${from%% *}" "$@"
who=$(id -un)
advice="log in as root, as in root@HOST"
command -v sudo >/dev/null || refuse "needs root there, $who is not, and there is no sudo: $advice"
advice="$advice, or let $who use sudo without a password"
why=$(sudo -n true 2>&1) ||
  refuse "needs root there, $who is not, and sudo -n says: ${why##*sudo: }; $advice"
echo
echo SLIPWAY1 SUDO
exec sudo -n sh -c "$program" slipway "${from%% *}" "$@"
)sh";

// Puts the agent there and runs it.
constexpr std::string_view kReceive = R"sh(
set -u
umask 022
from=$1 root=$2 dir=$3 digest=$4 size=$5 version=$6 arch=$7 by=$8
shift 8
agent=$dir/activate-$digest
temporary=
advice="but what runs as root must be changed by root alone: mend that, or choose another --root"
say() { echo; echo "SLIPWAY1 $1"; }
clean() { [ -z "$temporary" ] || rm -f "$temporary"; }
refuse() { clean; set -f; echo; echo SLIPWAY1 REFUSED $*; exit 1; }
trap clean EXIT
trap "exit 1" HUP INT TERM PIPE

# Only root may be able to change what is run as root, nor any folder above it.
check() {
  paths=
  for path; do
    while :; do
      if [ -e "$path" ] || [ -L "$path" ]; then paths="$paths$path
"; fi
      [ "$path" = / ] && break
      path=${path%/*}
      path=${path:-/}
    done
  done
  set -f
  IFS="
"
  set -- $paths
  seen=$(stat -c "%u %A %n" -- "$@") || seen=
  set -- $seen
  unset IFS
  set +f
  [ $# != 0 ] || refuse "cannot look at $root and $dir"
  for line; do
    owner=${line%% *} line=${line#* }
    mode=${line%% *} path=${line#* }
    [ "$owner" = 0 ] || refuse "$path belongs to user $owner, $advice"
    case $mode in
      l*) ;;
      ?????w*|????????w*) refuse "$path can be written by other users ($mode), $advice" ;;
    esac
  done
}

# It reads itself faster than sha256sum does, and sets its time: prune leaves what is in use.
is_there() {
  [ -x "$agent" ] &&
    [ "$(timeout -s KILL 10 "$agent" digest </dev/null 2>/dev/null | head -c 64)" = "$digest" ]
}

check_machine() {
  here=$(uname -m)
  [ -z "$arch" ] || [ "$arch" = "$here" ] ||
    refuse "it is $here, the agent is for $arch: set SLIPWAY_AGENT to an activate for $here"
}

# What an interrupted push left; an hour is far more than a push in progress needs for it.
clean_old() {
  now=$(date +%s)
  for old in "$dir"/.slipway-tmp-*; do
    if [ -f "$old" ] && [ $((now - $(stat -c %Y "$old"))) -gt 3600 ]; then rm -f "$old"; fi
  done
}

store() {
  clean_old
  temporary=$dir/.slipway-tmp-agent-$$
  why=$({ : >"$temporary" && chmod 755 "$temporary"; } 2>&1) ||
    refuse "cannot store the agent in $dir: ${why##*: }"
  other="choose another directory for the agent, such as --agent-dir /usr/local/lib/slipway"
  [ -x "$temporary" ] || refuse "no program can run in $dir, which is mounted noexec: $other"
  say NEED
  why=$(head -c "$size" 2>&1 >"$temporary") || refuse "cannot store the agent in $dir: ${why##*: }"
  [ "$(sha256sum <"$temporary")" = "$digest  -" ] || refuse "the agent did not arrive whole"
  sync "$temporary" 2>/dev/null || sync
  why=$(mv -f "$temporary" "$agent" 2>&1) || refuse "cannot store the agent: ${why##*: }"
  temporary=
  sync "$dir" 2>/dev/null || sync
}

# bin/activate names the newest version; an older imgpush leaves it alone.
link() {
  target=$agent
  [ "$dir" = "$root/bin" ] ||  # others may use the directory: activate prune asks all their links
    ln -sfn "$root/bin/activate" "$dir/.slipway-root-$(printf %s "$root" | sha256sum | cut -c1-16)" 2>/dev/null
  [ "$dir" = "$root/bin" ] && target=activate-$digest
  [ "$root/bin/activate" -ef "$agent" ] && return
  have=$(timeout 10 "$root/bin/activate" --version </dev/null 2>/dev/null | head -n 1)
  have=${have##* }
  case $have in [0-9]*) ;; *) have=0 ;; esac
  newest=$({ echo "$have"; echo "$version"; } | sort -V | tail -n 1)
  [ "$newest" = "$version" ] || return 0
  temporary=$root/bin/.slipway-tmp-link-$$
  ln -sfn "$target" "$temporary" && mv -fT "$temporary" "$root/bin/activate" ||
    refuse "cannot make the link $root/bin/activate"
  temporary=
}

[ -d /run/systemd/system ] || refuse "it does not run systemd, which runs the applications"
# Each program that starts here costs a login, or a host with many of them, a few milliseconds.
[ -e "$agent" ] || check_machine
real=$(readlink -m "$root" "$dir") || refuse "cannot resolve $root and $dir"
check "$root" "${real%%
*}" "$dir" "${real#*
}" "$agent"
if ! [ -d "$root/bin" ] || ! [ -d "$dir" ]; then
  why=$(mkdir -p "$root/bin" "$dir" 2>&1) || refuse "cannot make $root/bin and $dir: ${why##*: }"
fi
if is_there; then
  link
  say HAVE
else
  check_machine
  store
  link
  say STORED
fi
"$agent" receive --root "$root" --by "$by${from:+ from $from}" "$@" || exit
)sh";

// Where that ended well and a generation is to be activated, a line comes that says so. A push that
// activates nothing does not wait for it to be read.
constexpr std::string_view kAwaitSwitch = R"sh(
read -r generation id wait || exit 0
set -- --generation "$generation" --id "$id"
[ -z "$wait" ] || set -- "$@" --lock-wait "$wait"
)sh";

// The next line that the program says, without the magic; "" where the stream ended.
std::string NextWord(Stream& stream) {
  for (size_t lines = 0; lines < kMaxLines; ++lines) {
    const std::optional<std::string> line = stream.ReadLine(kMaxLineBytes);
    if (!line) {
      return "";
    }
    if (line->starts_with(kMagic)) {
      return Printable(line->substr(kMagic.size()));
    }
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

[[noreturn]] void FailAs(const Stream& stream, const std::string& word) {
  constexpr std::string_view kRefused = "REFUSED ";
  if (word.starts_with(kRefused)) {
    base::Fail(base::ExitCode::kFailed, "{}: {}", stream.peer(), word.substr(kRefused.size()));
  }
  if (word.empty()) {
    base::Fail(base::ExitCode::kUnreachable, "{} ended the connection", stream.peer());
  }
  base::Fail(base::ExitCode::kFailed, "{} broke the protocol: it answered '{}'", stream.peer(),
             word);
}

}  // namespace

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

std::string CommandAsRoot(std::string_view program, const std::vector<std::string>& words) {
  std::string out = "exec sh -c " + ShellQuoted(std::string(kAsRoot)) + " slipway " +
                    ShellQuoted(std::string(program));
  for (const std::string& word : words) {
    out += " " + ShellQuoted(word);
  }
  return out;
}

std::string AgentPath(const AgentBinary& agent, const AgentOptions& host) {
  return host.agent_directory() + "/activate-" + agent.sha256.ToHex();
}

std::string BootstrapCommand(const AgentBinary& agent, const AgentOptions& host) {
  CheckHostPath(host.root, "--root");
  CheckHostPath(host.agent_directory(), "--agent-dir");
  std::vector<std::string> words = {host.root,
                                    host.agent_directory(),
                                    agent.sha256.ToHex(),
                                    std::to_string(agent.size_bytes),
                                    base::kVersion,
                                    agent.architecture,
                                    host.by};
  words.insert(words.end(), host.agent_arguments.begin(), host.agent_arguments.end());
  std::string program = WithLogLevel(kReceive);
  if (host.activates) {
    program.append(kAwaitSwitch).append(kSwitchProgram);
  }
  return CommandAsRoot(program, words);
}

Bootstrapped RunBootstrap(Stream& stream, const AgentBinary& agent) {
  Bootstrapped out;
  std::string word = NextWord(stream);
  if (word == "SUDO") {
    out.by_sudo = true;
    word = NextWord(stream);
  }
  if (word == "HAVE") {
    return out;
  }
  if (word != "NEED") {
    FailAs(stream, word);
  }
  try {
    SendAgent(stream, agent);
  } catch (const base::Error& error) {
    if (error.code() != base::ExitCode::kUnreachable) {
      throw;
    }
    word = NextWord(stream);  // why it stopped reading, such as a full disk
    FailAs(stream, word);
  }
  word = NextWord(stream);
  if (word != "STORED") {
    FailAs(stream, word);
  }
  out.agent_bytes = agent.size_bytes;
  return out;
}

}  // namespace pusher
