#include "pusher/ssh/enrollment.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "pusher/ssh/bootstrap.h"
#include "pusher/ssh/host_checks.h"

namespace pusher {
namespace {

// In one line of ours, of what programs print.
constexpr std::string_view kPoll = R"sh(
one_line() { set -f; echo $* | cut -c 1-1500; set +f; }
property() { systemctl show -p "$1" "$unit" 2>/dev/null | sed "s/^[^=]*=//"; }
unit=slipway-pull.service
poll() {
  if [ "$(property LoadState)" != loaded ]; then say "POLL none"; return; fi
  before=$(property InvocationID)
  # One that is in progress may have read the store before what this one is for was there. The next will do, whoever
  # starts it.
  [ "$(property ActiveState)" != activating ] || systemctl start "$unit" >/dev/null 2>&1
  begun=$(date +%s)
  why=$(systemctl start "$unit" 2>&1)
  started=$?
  id=$(property InvocationID) status=$(property ExecMainStatus)
  # It was not run: all is as the last run left it.
  if [ "$started" != 0 ] && [ "$id" = "$before" ]; then
    say "POLL $started 1 $(one_line "${why:-systemctl start $unit ended with $started}")"
    return
  fi
  journalctl --sync >/dev/null 2>&1
  # Not by the invocation's id, which a line lacks that journald reads after the unit's end.
  # What an activation prints may stand behind it: that is another stream.
  said() { journalctl -q -o cat --since "@$begun" "$@" "_SYSTEMD_UNIT=$unit" 2>/dev/null; }
  last=$(said | sed -n '/^Channel /h;${x;/./p;}')
  [ -n "$last" ] || last=$(said -n 1)
  say "POLL $started ${status:-0} $(one_line "${last:-$why}")"
}
)sh";

constexpr std::string_view kPoke = R"sh(
say STARTED
poll
end_pulse
)sh";

constexpr std::string_view kEnroll = R"sh(
verb=$1 fetchers=$2 polls=$3
pulse </dev/null 2>/dev/null &
pulse=$!
# enrolled CODE TEXT: what activate said.
enrolled() {
  code=$1
  say "ENROLLED $code $(one_line "$2")"
  [ "$code" = 0 ] || exit 1
}
if [ "$verb" = remove ]; then
  said=$("$agent" enroll --remove --root "$root" 2>&1 </dev/null)
  enrolled $? "$said"
  exit
fi
[ -e "$root/trust/signers" ] ||
  refuse "it takes images of anybody, and a host of a channel must know whose: add --trust DIR"
here=$(uname -m) fetch= archs=
set -- $fetchers
while [ $# != 0 ]; do
  case $1 in any|"$here") fetch=$dir/fetch-$2 fetch_arch=$1 fetch_digest=$2 fetch_size=$3; break ;; esac
  archs="$archs${archs:+ and }$1"
  shift 3
done
[ -n "$fetch" ] ||
  refuse "it is $here, imgpush has fetch for $archs alone: set SLIPWAY_FETCH to a fetch for $here"
paths="/
"
follow "$fetch"
check
if ! [ -x "$fetch" ] || [ "$(sha256sum <"$fetch")" != "$fetch_digest  -" ]; then
  end_pulse
  take fetch "$fetch_digest" "$fetch_size" "FETCH $fetch_arch"
  put fetch "$fetch"
  pulse </dev/null 2>/dev/null &
  pulse=$!
fi
say "READY $fetch_arch"
IFS= read -r document || exit 1
said=$(printf "%s\n" "$document" | "$agent" enroll --root "$root" 2>&1)
code=$?
document=
enrolled "$code" "$said"
say "TIMER $(systemctl is-active slipway-pull.timer 2>&1)"
[ -z "$polls" ] || poll
)sh";

struct Words {
  std::string code;
  std::string text;
};

// "CODE TEXT", of which the text may be empty.
Words SplitWord(const std::string& word) {
  const size_t end = word.find(' ');
  return {word.substr(0, end), end == std::string::npos ? "" : word.substr(end + 1)};
}

int CodeOf(const std::string& text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  return error == std::errc() && end == text.data() + text.size() ? code : -1;
}

// What a program printed, without the words that every error of ours begins with.
std::string WithoutPrefix(std::string text) {
  constexpr std::string_view kPrefix = "activate: error: ";
  if (text.starts_with(kPrefix)) {
    text.erase(0, kPrefix.size());
  }
  return base::Printable(text);
}

// A code that is one of ours.
base::ExitCode KnownCode(int code) {
  constexpr int kLast = static_cast<int>(base::ExitCode::kStale);
  return code > 0 && code <= kLast ? static_cast<base::ExitCode>(code) : base::ExitCode::kFailed;
}

// The rest of the word that begins with `kind`; throws what another one says.
std::string RestOf(const Stream& stream, const std::string& word, std::string_view kind) {
  if (!word.starts_with(std::string(kind) + " ")) {
    FailAs(stream, word);
  }
  return word.substr(kind.size() + 1);
}

Poll ReadPoll(Stream& stream, Login& login) {
  const Words words = SplitWord(RestOf(stream, NextWord(stream, login), "POLL"));
  if (words.code == "none") {
    base::Fail(base::ExitCode::kFailed,
               "{}: it is not enrolled: imgpush channel enroll STORE CHANNEL {}", stream.peer(),
               stream.peer());
  }
  const Words rest = SplitWord(words.text);
  Poll out{0, WithoutPrefix(rest.text)};
  if (words.code != "0") {
    out.exit_code = static_cast<int>(KnownCode(CodeOf(rest.code)));
  }
  return out;
}

void CheckEnrolled(Stream& stream, Login& login) {
  const Words words = SplitWord(RestOf(stream, NextWord(stream, login), "ENROLLED"));
  if (words.code != "0") {
    const std::string said = WithoutPrefix(words.text);
    base::Fail(KnownCode(CodeOf(words.code)), "{}: {}", stream.peer(),
               said.empty() ? "activate enroll ended with " + words.code : said);
  }
}

std::string EnrollCommand(const Agents& agents, AgentOptions host,
                          std::vector<std::string> arguments) {
  host.agent_arguments = std::move(arguments);
  return AgentCommand(std::string(kPoll).append(kEnroll), agents, host);
}

}  // namespace

std::optional<Poll> Enroll(const Destination& target, const RemoteOptions& options,
                           const Agents& agents, const Agents& fetchers,
                           const EnrollRequest& request) {
  Connection connection(target, options,
                        EnrollCommand(agents, options.host,
                                      {"enroll", OfferOf(fetchers), request.polls ? "yes" : ""}),
                        {});
  Stream& stream = connection.stream();
  Login& login = connection.login();
  try {
    RunBootstrap(stream, agents, login);
    connection.Answered();
    std::string word = NextWord(stream, login);
    if (const AgentBinary* needed = AgentIn(word, "FETCH", fetchers)) {
      word = SendForWord(stream, login, *needed);
    }
    const AgentBinary* fetch = AgentIn(word, "READY", fetchers);
    if (fetch == nullptr) {
      FailAs(stream, word);
    }
    stream.Write(base::AsBytes(request.document(fetch->sha256) + "\n"));
    stream.Flush();
    CheckEnrolled(stream, login);
    if (const std::string timer = RestOf(stream, NextWord(stream, login), "TIMER");
        timer != "active") {
      base::Fail(base::ExitCode::kFailed,
                 "{}: it is enrolled, but its timer is not active ({}): systemctl status "
                 "slipway-pull.timer",
                 stream.peer(), timer);
    }
    std::optional<Poll> poll;
    if (request.polls) {
      poll = ReadPoll(stream, login);
    }
    connection.Close();
    return poll;
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
}

void Unenroll(const Destination& target, const RemoteOptions& options, const Agents& agents) {
  Connection connection(target, options, EnrollCommand(agents, options.host, {"remove", "", ""}),
                        {});
  try {
    RunBootstrap(connection.stream(), agents, connection.login());
    connection.Answered();
    CheckEnrolled(connection.stream(), connection.login());
    connection.Close();
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
}

Poll Poke(const Destination& target, const RemoteOptions& options) {
  Connection connection(
      target, options,
      CommandAsRoot(std::string(kHostTalk).append(kPoll).append(kPoke), {}, options.host), {});
  Stream& stream = connection.stream();
  try {
    if (const std::string word = NextWord(stream, connection.login()); word != "STARTED") {
      FailAs(stream, word);
    }
    connection.Answered();
    Poll out = ReadPoll(stream, connection.login());
    connection.Close();
    return out;
  } catch (const base::Error& error) {
    connection.Fail(error);
  }
}

}  // namespace pusher
