# shellcheck shell=bash
# The root file system that test hosts boot: made once per Debian release, kept in the cache as
# SUITE.tar, and unpacked beside it into the read-only tree that the hosts' overlays lie on.
# Sourced by testhost; needs $lib (this folder).
# shellcheck source=../../../scripts/lib/apt.sh
. "${BASH_SOURCE[0]%/*}/../../../scripts/lib/apt.sh"

# What a plain server has: systemd, sshd, a shell and coreutils (the essential packages). Nothing
# that a program under test could lean on by accident belongs here.
rootfs_packages=systemd,systemd-sysv,dbus,libnss-systemd,libseccomp2,openssh-server

rootfs_cache() { printf '%s' "${SLIPWAY_TESTHOSTS:-${XDG_CACHE_HOME:-$HOME/.cache}/slipway/testhosts}"; }

# rootfs_default_suite: this machine's own Debian release.
rootfs_default_suite() {
  local name
  # shellcheck disable=SC1091
  name=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  [ -n "$name" ] || die "/etc/os-release names no release: give --suite (bookworm, trixie, forky)"
  printf '%s' "$name"
}

# rootfs_recipe: names what the tree is made by, so that a change of it makes a new tree.
rootfs_recipe() {
  { printf '%s\n' "$rootfs_packages"; cat "$lib/customise"; } | sha256sum | cut -c1-12
}

# rootfs_build SUITE TAR
rootfs_build() {
  local suite=$1 tar=$2 scratch
  scratch=$(mktemp -d "${tar%/*}/.build.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" RETURN
  chmod 755 "$scratch"
  say "making the $suite root file system (once; half a minute)"
  debian_tree "$suite" "$scratch/rootfs.tar" --variant=essential --format=tar \
    --include="$rootfs_packages" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    --customize-hook="$lib/customise \"\$1\""
  mv "$scratch/rootfs.tar" "$tar"
}

# rootfs_ensure SUITE: sets rootfs_tar and rootfs_tree; both exist when it returns.
rootfs_ensure() {
  local suite=$1 cache recipe lock old
  [[ $suite =~ ^[a-z][a-z0-9]*$ ]] || die "no such suite: $suite"
  cache=$(rootfs_cache) recipe=$(rootfs_recipe)
  rootfs_tar=$cache/$suite.tar rootfs_tree=$cache/$suite.$recipe
  [ -d "$rootfs_tree" ] && [ -f "$rootfs_tar" ] && return
  mkdir -p "$cache"
  exec {lock}> "$cache/.lock"
  flock "$lock"
  if [ "$(cat "$rootfs_tar.recipe" 2>/dev/null)" != "$recipe" ] || [ ! -f "$rootfs_tar" ]; then
    rm -f "$rootfs_tar.recipe"
    rootfs_build "$suite" "$rootfs_tar"
    echo "$recipe" > "$rootfs_tar.recipe"
  fi
  for old in "$cache/$suite".*/; do
    [ "$old" = "$rootfs_tree/" ] || rootfs_remove_tree "${old%/}"
  done
  if [ ! -d "$rootfs_tree" ]; then
    rm -rf "$rootfs_tree.part"
    mkdir -p "$rootfs_tree.part"
    tar -xf "$rootfs_tar" -C "$rootfs_tree.part" --numeric-owner --xattrs --xattrs-include='*'
    chmod 755 "$rootfs_tree.part"
    mv -T "$rootfs_tree.part" "$rootfs_tree"
  fi
  exec {lock}>&-
}

# rootfs_remove_tree DIR: unless a running host's overlay lies on it (it holds a shared lock).
rootfs_remove_tree() {
  [ -d "$1" ] || return 0
  flock --exclusive --nonblock "$1" rm -rf --one-file-system "$1" || true
}
