#include "pusher/ssh/examination.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace pusher {
namespace {

constexpr size_t kMaxFacts = 300;

// Goes on without a way to root.
constexpr std::string_view kAsRootIfPossible = R"sh(
no_way=
refuse() { no_way=$*; }
if find_way; then
  [ -z "$way" ] || echo "${newline}SLIPWAY1 FACT by $who, root by ${way%% *}"
else
  way=
  export no_way
fi
as_root sh -c "$program" slipway "$from" "$@"
)sh";

constexpr std::string_view kLook = R"sh(
no_way=${no_way:-}
folder=
clean() { end_pulse; [ -z "$folder" ] || rm -rf "$folder"; }
trap clean EXIT
trap "exit 1" HUP INT TERM PIPE
fact() { set -f; echo; echo SLIPWAY1 FACT $*; set +f; }
refuse() { set -f; echo $*; exit 1; }
# problem KEY CHECK: what the check refuses.
problem() { found=$("$2") || { fact "$1-problem" "$found"; return 1; }; }
check_paths() {
  follow "$root/bin"
  follow "$agent"
  check
}
check_tools() {
  missing=
  for tool in chmod date head id mkdir mv readlink rm sha256sum sleep stat sync timeout uname; do
    command -v $tool >/dev/null || missing="$missing $tool"
  done
  [ -z "$missing" ] || refuse "it lacks$missing: install coreutils or busybox"
}

# A folder of ours from which a program can run.
find_folder() {
  for place in /run /var/tmp /tmp /dev/shm; do
    folder=$(mktemp -d "$place/slipway-doctor.XXXXXX" 2>/dev/null) || { folder=; continue; }
    { : >"$folder/activate" && chmod 700 "$folder/activate"; } 2>/dev/null &&
      [ -x "$folder/activate" ] && return
    rm -rf "$folder"
    folder=
  done
  false
}
# Sets $agent to one that runs; otherwise says why there is none. Where others can write, they could
# put another in its place once it was verified.
find_agent() {
  [ -z "$no_way" ] || { fact agent-problem "it needs root"; return 1; }
  [ -n "$fits" ] || { fact agent-problem "it is for another machine"; return 1; }
  [ -n "$safe" ] && [ -x "$agent" ] && [ "$(sha256sum <"$agent")" = "$digest  -" ] && return
  find_folder || { fact agent-problem "no program can run in /run, /var/tmp or /tmp"; return 1; }
  agent=$folder/activate
  say "NEED $arch"
  found=$(head -c "$size" 2>&1 >"$agent") || {
    fact agent-problem "cannot store it in $folder: ${found##*: }"
    return 1
  }
  runs "$agent" || {
    fact agent-problem "it does not run there (exit $code${said:+, ${said##*: }}): is the" \
      "activate beside imgpush whole? SLIPWAY_AGENT names another"
    return 1
  }
}

fact kernel "$(uname -r)"
fact machine "$(uname -m)"
fact time "$(date +%s)"
[ ! -r /etc/os-release ] || fact release "$(. /etc/os-release && echo "${PRETTY_NAME:-}")"
[ -z "$no_way" ] || fact way-problem "$no_way"
fact systemd "$(systemctl --version 2>/dev/null | head -n 1)"
fact container "$(systemd-detect-virt --container 2>/dev/null)"
problem systemd check_systemd
fits=
problem machine check_machine && fits=yes && check_machine
problem tools check_tools
safe=
problem path check_paths && safe=yes
if find_agent; then
  exec 3>&1
  found=$(timeout -s KILL 60 "$agent" examine --root "$root" "$dir" 2>&1 >&3 </dev/null) ||
    fact agent-problem "it ended with $?: ${found##*: }"
fi
clean
folder=
say DONE
)sh";

std::chrono::seconds AheadOfUs(const std::string& time) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), seconds);
  return error == std::errc() ? std::chrono::seconds(seconds) -
                                    std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                              : std::chrono::seconds(0);
}

void AddFact(const std::string& text, Examination& out) {
  const size_t space = text.find(' ');
  const std::string key = text.substr(0, space);
  const std::string value = space == std::string::npos ? "" : text.substr(space + 1);
  if (key == "time") {
    out.clock_ahead = AheadOfUs(value);
  }
  out.facts[key] = value;
}

}  // namespace

std::string ExamineCommand(const Agents& agents, const AgentOptions& host) {
  return HostCommand(kAsRootIfPossible, kLook, agents, host);
}

Examination ReadExamination(Stream& stream, const Agents& agents, Login& login) {
  constexpr std::string_view kFact = "FACT ";
  Examination out;
  size_t facts = 0;
  bool sent = false;
  for (;;) {
    const std::string word = NextWord(stream, login);
    if (word.starts_with(kFact) && ++facts <= kMaxFacts) {
      AddFact(word.substr(kFact.size()), out);
    } else if (word == "DONE") {
      return out;
    } else if (const AgentBinary* needed = AgentIn(word, "NEED", agents);
               needed != nullptr && !std::exchange(sent, true)) {
      try {
        SendAgent(stream, *needed);
      } catch (const base::Error& error) {
        if (error.code() != base::ExitCode::kUnreachable) {
          throw;
        }  // it stopped reading, and says why
      }
    } else {
      FailAs(stream, word);
    }
  }
}

Examination Examine(const Destination& target, const RemoteOptions& options, const Agents& agents) {
  Connection connection(target, options, ExamineCommand(agents, options.host), {});
  try {
    Examination out = ReadExamination(connection.stream(), agents, connection.login());
    connection.Close();
    return out;
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
}

}  // namespace pusher
