// Parts of the sh programs that run on hosts (bootstrap.h, examination.h): what both a push and a
// look at a host ask of it. Tools of busybox will do.
#ifndef SLIPWAY_PUSHER_SSH_HOST_CHECKS_H_
#define SLIPWAY_PUSHER_SSH_HOST_CHECKS_H_

#include <string_view>

namespace pusher {

// As the login, before hosts::kWayToRoot. sudo drops SSH_CONNECTION, so where the connection comes
// from is the first word of what runs as root.
inline constexpr std::string_view kLogin = R"sh(
LC_ALL=C
export LC_ALL
from=${SSH_CONNECTION:-}
from=${from%% *}
)sh";

// The first words of both programs.
inline constexpr std::string_view kHostWords = R"sh(
set -u
umask 022
from=$1 root=$2 dir=$3 agents=$4 by=$5
shift 5
# use MACHINE DIGEST SIZE...: that agent, of those that the sender has.
use() { arch=$1 digest=$2 size=$3 agent=$dir/activate-$digest; }
use $agents
)sh";

// Lines to us. `pulse` speaks until the agent does.
inline constexpr std::string_view kHostTalk = R"sh(
say() { echo; echo "SLIPWAY1 $1"; }
# Until the agent speaks for itself. Never while it does: a line would stand within its messages.
pulse() { while sleep 5 >/dev/null; do say ALIVE; done; }
pulse </dev/null 2>/dev/null &
pulse=$!
# By a signal that cannot be lost: dash drops one that comes before a new subshell has left our traps.
end_pulse() { [ -z "$pulse" ] || { kill -9 "$pulse"; wait "$pulse"; pulse=; } 2>/dev/null; }
)sh";

// Both refuse(), which the program has, and say why.
inline constexpr std::string_view kHostChecks = R"sh(
advice="but what runs as root must be changed by root alone: mend that, or choose another --root"
# Each component of a path, and of the places that links among them lead to.
paths="/
"
add() { paths="$paths$1
"; }
follow() {
  rest=${1#/} at= links=0
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    rest=${rest#"$part"}
    rest=${rest#/}
    case $part in
      ""|.) continue ;;
      ..) at=${at%/*}; continue ;;
    esac
    if [ -L "$at/$part" ]; then
      add "$at/$part"
      links=$((links + 1))
      [ "$links" -lt 40 ] || refuse "$1 leads through too many links"
      target=$(readlink "$at/$part")
      case $target in /*) at= ;; esac
      rest=$target/$rest
    else
      at=$at/$part
      if [ -e "$at" ]; then add "$at"; fi
    fi
  done
}
# Only root may be able to change what is run as root, nor any folder above it.
check() {
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
runs() {
  said=$(timeout -s KILL 60 "$1" digest 2>/dev/null </dev/null)
  code=$?
  [ "$code $said" = "0 $digest" ] && return
  said=$(timeout -s KILL 60 "$1" digest 2>&1 </dev/null) # why not
  false
}

check_systemd() {
  [ -d /run/systemd/system ] || refuse "it does not run systemd, which runs the applications"
}
# Uses the agent that is there, where that is one alone.
find_present() {
  present=0
  set -- $agents
  while [ $# != 0 ]; do
    if [ -e "$dir/activate-$2" ]; then
      use "$@"
      present=$((present + 1))
    fi
    shift 3
  done
  [ "$present" = 1 ]
}
# Uses the agent for this machine.
check_machine() {
  here=$(uname -m) archs=
  set -- $agents
  while [ $# != 0 ]; do
    case $1 in any|"$here") use "$@"; return ;; esac
    archs="$archs${archs:+ and }$1"
    shift 3
  done
  refuse "it is $here, imgpush has agents for $archs alone: set SLIPWAY_AGENT to an activate for" \
    "$here"
}
)sh";

}  // namespace pusher

#endif  // SLIPWAY_PUSHER_SSH_HOST_CHECKS_H_
