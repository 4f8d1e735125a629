// The part of the sh programs that run on a host which finds how their login becomes root there,
// whichever program logged in. Tools of busybox will do.
#ifndef SLIPWAY_HOSTS_WAY_TO_ROOT_H_
#define SLIPWAY_HOSTS_WAY_TO_ROOT_H_

#include <string_view>

namespace hosts {

// find_way sets $way to "sudo ...", "doas ..." or, where the login is root, to nothing. Where there
// is none, it tells refuse() why and fails. Needs $ask: whether a password can be given to sudo;
// then also try_password(), which sets $why where it fails. $or_type: what else the user can do
// about a password.
inline constexpr std::string_view kWayToRoot = R"sh(
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
find_way() {
  way=
  [ "$(id -u)" != 0 ] || return 0
  who=$(id -un)
  advice="log in as root, as in root@HOST"
  if ! command -v sudo >/dev/null; then
    way="doas -n"
    doas -n sh -c : 2>/dev/null </dev/null && return
    why="there is no sudo"
    ! command -v doas >/dev/null || why="doas does not let $who run sh without a password"
    refuse "needs root there, $who is not, and $why: $advice"
    return 1
  fi
  way="sudo -n"
  why=$(LC_ALL=C sudo -n sh -c : 2>&1 </dev/null) && return
  how="for sh, without a password"
  case ${why##*sudo: } in
    *password*|*uthentication*)
      how="without a password${or_type:-}"
      if [ -n "$ask" ]; then
        way="sudo -S"
        try_password && return
        how="for sh"
      fi
      ;;
    *" a tty"*) how="without a terminal (Defaults:$who !requiretty)" ;;
  esac
  refuse "needs root there, $who is not, and ${way% -S} says: ${why##*sudo: }; $advice," \
    "or let $who use sudo $how"
  return 1
}
)sh";

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_WAY_TO_ROOT_H_
