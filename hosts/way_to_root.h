// The part of the sh programs that run on a host which finds how their login becomes root there,
// whichever program logged in. Tools of busybox will do.
#ifndef SLIPWAY_HOSTS_WAY_TO_ROOT_H_
#define SLIPWAY_HOSTS_WAY_TO_ROOT_H_

#include <string_view>

namespace hosts {

// Says first that the program is alive: whatever asks for a password before that is not ours.
// find_way sets $way to "sudo ...", "doas ..." or, where the login is root, to nothing. Where there
// is none, it tells refuse() why and fails. Needs $ask: whether a password can be given to sudo
// (hosts/sudo_password.h). sudo itself reads it from us: no shell has it, and no list of processes.
// as_root goes the way that was found.
inline constexpr std::string_view kWayToRoot = R"sh(
echo
echo "SLIPWAY1 ALIVE"
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
newline="
"
# Where sudo allows one attempt alone, it does not ask again for a wrong one.
try_password() {
  why=$(
    LC_ALL=C sudo -k -S -p "${newline}SLIPWAY1 PASSWORD TRIED${newline}" \
      sh -c "echo SLIPWAY1 RIGHT" 2>&1 | {
      last=
      while read -r line; do
        case $line in
          "SLIPWAY1 RIGHT") exit 9 ;;
          "SLIPWAY1 PASSWORD TRIED") echo "$newline$line" >&3 ;;
          ""|"This incident has been reported"*) ;;
          *) last=$line ;;
        esac
      done
      case $last in *ncorrect*) echo "${newline}SLIPWAY1 PASSWORD WRONG" >&3 ;; esac
      echo "$last"
    }
  )
  [ $? = 9 ]
} 3>&1
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
      how="without a password, or type it (--ask-sudo-password)"
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
# Without -k, a ticket that sudo still has would leave the password in the input of what runs.
as_root() {
  case $way in
    "sudo -S")
      echo "${newline}SLIPWAY1 PASSWORD"
      exec sudo -k -S -p "" "$@"
      ;;
  esac
  exec $way "$@"
}
)sh";

}  // namespace hosts

#endif  // SLIPWAY_HOSTS_WAY_TO_ROOT_H_
