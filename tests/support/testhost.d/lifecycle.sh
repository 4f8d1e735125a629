# shellcheck shell=bash
# What happens to a test host between up and down. Sourced by testhost; needs $self and $lib.

state=  # the folder of all hosts, set by open_state

# open_state: the folder is root's alone, for it decides what root runs and where ssh goes.
open_state() {
  state=${SLIPWAY_TESTHOST_DIR:-${TMPDIR:-/tmp}/slipway-testhosts}
  mkdir -p -m 700 "$state"
  state=$(readlink -f "$state")
  [ "$(stat -c %u "$state")" = 0 ] || die "$state belongs to another user"
  case $state/ in
    /run/* | /proc/* | /sys/*) die "$state: hosts cannot live under /run, /proc or /sys" ;;
    *[[:space:],:\\\"]*) die "$state: hosts cannot live in a folder of that name" ;;
  esac
}

host_dir() { printf '%s\n' "$state/$1"; }

# host_pid NAME: prints the pid of the host's first process while it runs.
host_pid() {
  local pid start
  read -r pid start 2>/dev/null < "$(host_dir "$1")/pid" || return 1
  same_process "$pid" "$start" && echo "$pid"
}

# same_process PID START: whether it still is the process that began at START (see proc(5), field 22).
same_process() {
  local now fields
  read -r now 2>/dev/null < "/proc/$1/stat" || return 1
  read -ra fields <<< "${now##*) }"
  [ "${fields[0]}" != Z ] && [ "${fields[19]}" = "$2" ]
}

start_time() {
  local now fields
  read -r now 2>/dev/null < "/proc/$1/stat" || return 1
  read -ra fields <<< "${now##*) }"
  echo "${fields[19]}"
}

require_host() { [ -f "$(host_dir "$1")/name" ] || die "no such host: $1 (testhost up $1)"; }
require_running() { require_host "$1"; host_pid "$1" >/dev/null || die "$1 is not running (testhost start $1)"; }

list_hosts() {
  local dir name
  for dir in "$state"/*/; do
    name=$(basename "$dir")
    [ -f "$dir/name" ] || continue
    if host_pid "$name" >/dev/null; then echo "$name running"; else echo "$name down"; fi
  done
}

host_ssh() { timeout 20 ssh -F "$(host_dir "$1")/ssh_config" "$1" -- "$2" </dev/null; }

# up_host NAME [--suite S] [--disk SIZE] [--owner PID]
up_host() {
  local name=$1 suite='' disk='' owner='' dir
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --suite) suite=${2:?--suite needs a release} ;;
      --disk) disk=${2:?--disk needs a size} ;;
      --owner) owner=${2:?--owner needs a pid} ;;
      *) die "up: unknown option $1" ;;
    esac
    shift 2
  done
  need systemd-nspawn systemd-container
  need socat socat
  need ip iproute2
  need ssh-keygen openssh-client
  dir=$(host_dir "$name")
  if [ ! -e "$dir" ]; then
    rootfs_ensure "${suite:-$(rootfs_default_suite)}"
    make_host "$name" "$disk"
    [ -z "$owner" ] || guard_host "$name" "$owner"
  fi
  if ! start_host "$name"; then
    [ -n "${SLIPWAY_TESTHOST_KEEP:-}" ] || down_host "$name"
    return 1
  fi
  echo "$dir"
}

# make_host NAME DISK_SIZE: its folder, with everything but the processes.
make_host() {
  local name=$1 disk=$2 dir
  dir=$(host_dir "$name")
  mkdir -m 700 "$dir" 2>/dev/null || die "$name is being made by someone else"
  mkdir "$dir/root" "$dir/upper" "$dir/work" "$dir/images"
  chmod 755 "$dir/upper" "$dir/images"
  if [ -n "$disk" ]; then
    truncate -s "$disk" "$dir/images.ext4"
    mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$dir/images.ext4"
  fi
  echo "$rootfs_tree" > "$dir/tree"
  echo "slipway-testhost-$name-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ')" > "$dir/prefix"
  ssh-keygen -q -t ed25519 -N '' -C testhost -f "$dir/id_ed25519"
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$dir/host_key"
  echo "$name $(cut -d' ' -f1,2 "$dir/host_key.pub")" > "$dir/known_hosts"
  cat > "$dir/ssh_config" <<CONFIG
Host $name
  User root
  IdentityFile $dir/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $dir/known_hosts
  GlobalKnownHostsFile /dev/null
  HostKeyAlias $name
  HostKeyAlgorithms ssh-ed25519
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 5
  ServerAliveInterval 5
  LogLevel ERROR
  ProxyCommand nsenter --net=$dir/netns -- socat - TCP:127.0.0.1:22
CONFIG
  echo "$name" > "$dir/name"
}

# start_host NAME: boots it and waits until it is up.
start_host() {
  local name=$1 dir began
  host_pid "$name" >/dev/null && return
  dir=$(host_dir "$name")
  began=${EPOCHREALTIME/./}
  remove_cgroups "$(<"$dir/prefix")"
  rm -f "$dir/pid"
  setsid unshare --pid --fork --kill-child --mount --net --propagation private -- \
    "$lib/init" "$dir" </dev/null >> "$dir/console.log" 2>&1 &
  disown $!
  if ! wait_for_boot "$name" '' $!; then
    tail -n 40 "$dir/console.log" >&2
    say "$name did not come up"
    return 1
  fi
  say "$name is up after $(seconds_since "$began") s"
}

seconds_since() {
  local us=$((${EPOCHREALTIME/./} - $1))
  printf '%d.%02d' $((us / 1000000)) $((us % 1000000 / 10000))
}

# wait_for_boot NAME OLD_BOOT_ID PID: until ssh answers from another boot and systemd has finished
# it; fails when the process PID ends, without which there is no host.
wait_for_boot() {
  local name=$1 old=$2 pid=$3 deadline=$((SECONDS + ${SLIPWAY_TESTHOST_TIMEOUT:-60})) answer
  while [ $SECONDS -lt $deadline ] && kill -0 "$pid" 2>/dev/null; do
    answer=$(host_ssh "$name" \
      'cat /proc/sys/kernel/random/boot_id; systemctl is-system-running --wait' 2>/dev/null) || true
    case $answer in
      *$'\n'running | *$'\n'degraded) [ "${answer%%$'\n'*}" = "$old" ] || return 0 ;;
    esac
    sleep 0.05
  done
  return 1
}

reboot_host() {
  local name=$1 began old pid
  began=${EPOCHREALTIME/./}
  pid=$(host_pid "$name")
  old=$(host_ssh "$name" 'cat /proc/sys/kernel/random/boot_id') || die "$name does not answer"
  host_ssh "$name" 'systemctl reboot' 2>/dev/null || true  # cut off by the reboot itself
  wait_for_boot "$name" "$old" "$pid" || die "$name did not come back"
  say "$name rebooted in $(seconds_since "$began") s"
}

# kill_host NAME: the end of its first process is the end of all of them. The kernel lets the loop
# devices go a moment after their last mount is gone.
kill_host() {
  local pid start loops tries=0
  read -r pid start 2>/dev/null < "$(host_dir "$1")/pid" || return 0
  same_process "$pid" "$start" || return 0
  loops=$(host_loops "$1" "$pid")
  kill -KILL "$pid"
  while same_process "$pid" "$start"; do sleep 0.01; done
  while [ -n "$loops" ] && loop_devices | grep -qFx "$loops" && [ $tries -lt 200 ]; do
    sleep 0.02
    tries=$((tries + 1))
  done
}

# loop_devices: "/dev/loopN INODE MAJOR:MINOR" (of the backing file) for each one in use.
loop_devices() {
  losetup --list --noheadings --output NAME,BACK-INO,BACK-MAJ:MIN | awk '{ print $1, $2, $3 }'
}

# host_loops NAME PID: those of them that a running host holds.
host_loops() {
  local dir inside name inode device shared own inodes
  dir=$(host_dir "$1") inside=/proc/$2/root$(host_dir "$1")
  shared=$(stat -c %Hd:%Ld "$dir")
  own=" $(stat -c %Hd:%Ld "$inside/root" "$inside/images" | grep -vx "$shared" | tr '\n' ' ') "
  inodes=" $(find "$dir/images" "$dir/images.ext4" -xdev -type f -printf '%i ' 2>/dev/null) "
  while read -r name inode device; do
    if [[ $own == *" $device "* ]] || [[ $device == "$shared" && $inodes == *" $inode "* ]]; then
      echo "$name $inode $device"
    fi
  done < <(loop_devices)
}

# remove_cgroups PREFIX: in a mount of the hierarchy of our own, as machines mount it elsewhere.
remove_cgroups() {
  # shellcheck disable=SC2016
  unshare --mount --propagation private -- bash -c '
    mount -t cgroup2 cgroup2 /mnt && cd /mnt || exit
    for try in 1 2 3 4 5 6 7 8 9 10; do
      find . -mindepth 1 -depth -type d -path "./$1.*" -exec rmdir {} + 2>/dev/null
      compgen -G "./$1.*" > /dev/null || exit 0
      sleep 0.05
    done' bash "$1" || say "cgroups of $1 are still in use"
}

down_host() {
  local dir prefix
  dir=$(host_dir "$1")
  [ -e "$dir" ] || return 0
  stop_watcher "$dir"
  kill_host "$1"
  prefix=$(cat "$dir/prefix" 2>/dev/null || true)
  [ -z "$prefix" ] || remove_cgroups "$prefix"
  rm -rf --one-file-system "$dir"
  rmdir "$state" 2>/dev/null || true
}

down_all() {
  local dir
  open_state
  for dir in "$state"/*/; do
    [ ! -d "$dir" ] || down_host "$(basename "$dir")"
  done
}

stop_watcher() {
  local pid start
  read -r pid start 2>/dev/null < "$1/watcher" || return 0
  [ "$pid" = $$ ] || ! same_process "$pid" "$start" || kill -KILL -- "-$pid"
}

# guard_host NAME OWNER: takes the host down when the process OWNER ends, however it ends.
guard_host() {
  local began
  began=$(start_time "$2") || die "--owner: no process $2"
  SLIPWAY_TESTHOST_DIR=$state setsid "$self" watch "$1" "$2" "$began" "$(<"$(host_dir "$1")/prefix")" \
    </dev/null >/dev/null 2>&1 &
  disown
}

# watch_owner NAME OWNER START PREFIX: the body of that guard; PREFIX tells this host from a later
# one of the same name.
watch_owner() {
  local dir
  dir=$(host_dir "$1")
  [ ! -d "$dir" ] || echo "$$ $(start_time $$)" > "$dir/watcher"
  while [ "$(cat "$dir/prefix" 2>/dev/null)" = "$4" ]; do
    if ! same_process "$2" "$3"; then
      down_host "$1"
      return
    fi
    sleep 0.5
  done
}
