# shellcheck shell=bash
# What cephhost and webhost share: a server from Debian's packages, in namespaces of its own over a copy of them that is only
# in memory. Sourced; the script then calls serve PACKAGES ARGUMENT..., which runs its function start_server there.
# environment: SLIPWAY_SERVER_SUITE: the Debian release of the packages (this machine's)
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

# free_port: one that nobody listens on, below those that the kernel gives to clients.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 12000))
    if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  die "no port is free"
}

# is_within SECONDS COMMAND...: waits until it succeeds; false: it did not in time.
is_within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# until_is SECONDS COMMAND...: the same, or it is the end.
until_is() {
  is_within "$@" || die "not in time: ${*:2}; $(tail -n 3 "$tree"/tmp/*.err 2>/dev/null | tr '\n' ' ')"
}

clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 CEPH_CONF=/tmp/ceph.conf)
inside() { "${clean[@]}" chroot "$tree" "$@"; }

# daemon NAME COMMAND...: its process is $!; what it says on standard error is in $tree/tmp/NAME.err.
daemon() {
  local name=$1
  shift
  exec "${clean[@]}" chroot "$tree" "$@" </dev/null >/dev/null 2>"$tree/tmp/$name.err" &
}

serve_inside() {
  local root=$1 folder=$2 name
  shift 2
  mount --make-rprivate /
  mount -t tmpfs tmpfs "$folder"
  mkdir "$folder"/{packages,changes,work,tree}
  mount --bind "$root" "$folder/packages"  # its name may have commas, which options of mount may not
  tree=$folder/tree
  mount -t overlay -o "lowerdir=$folder/packages,upperdir=$folder/changes,workdir=$folder/work" overlay "$tree"
  mkdir -p "$tree"/{proc,dev,tmp,etc}
  for name in bin sbin lib lib64; do  # links that only base-files would bring
    [[ -e $tree/$name || ! -d $tree/usr/$name ]] || ln -s "usr/$name" "$tree/$name"
  done
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  start_server "$@"
  cat >/dev/null  # until whoever started us is gone
}

# serve PACKAGES ARGUMENT...: the server lives as long as standard input, and no longer than this process. In the network
# namespace SLIPWAY_SERVER_NETWORK, where nothing can be downloaded.
serve() {
  local packages=$1 root child
  shift
  if [[ ${SERVERHOST_INSIDE:-} ]]; then
    serve_inside "$SERVERHOST_INSIDE" "$SERVERHOST_FOLDER" "$@"
    exit
  fi
  ((EUID == 0)) || die "needs root"
  root=$("${BASH_SOURCE[0]%/*}/../fixtures/debian-root" ${SLIPWAY_SERVER_SUITE:+--suite "$SLIPWAY_SERVER_SUITE"} "$packages") || die "the packages $packages cannot be had: see above"
  folder=$(mktemp -d "${TMPDIR:-/tmp}/slipway-server.XXXXXX")
  trap 'rmdir "$folder"' EXIT
  SERVERHOST_INSIDE=$root SERVERHOST_FOLDER=$folder \
    ${SLIPWAY_SERVER_NETWORK:+nsenter --net="$SLIPWAY_SERVER_NETWORK"} unshare --mount --pid --fork --kill-child "$0" "$@" <&0 &
  child=$!
  trap 'kill -9 "$child" 2>/dev/null; exit 130' INT TERM HUP
  wait "$child"
}
