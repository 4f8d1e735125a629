# shellcheck shell=bash
# The root file system that test hosts boot: made once per Debian release, kept in the cache as
# SUITE.tar, and unpacked beside it into the read-only tree that the hosts' overlays lie on.
# Sourced by testhost; needs $lib (this folder).

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

# rootfs_mirror LABEL: where this machine's apt gets archive LABEL (Debian, Debian-Security) from.
rootfs_mirror() {
  apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk -v label="$1" '$1 == label && !found { print $2; found = 1 }'
}

# rootfs_sources SUITE SCRATCH: sources.list lines on stdout.
rootfs_sources() {
  local suite=$1 scratch=$2 main security
  main=$(rootfs_mirror Debian)
  [ -n "$main" ] || die "apt knows no Debian archive: add one to its sources and run apt-get update"
  printf 'deb %s %s main\n' "$main" "$suite"
  security=$(rootfs_mirror Debian-Security)
  if [ -n "$security" ] && /usr/lib/apt/apt-helper download-file \
    "${security%/}/dists/$suite-security/InRelease" "$scratch/InRelease" >/dev/null 2>&1; then
    printf 'deb %s %s-security main\n' "$security" "$suite"
  fi
}

# rootfs_recipe: names what the tree is made by, so that a change of it makes a new tree.
rootfs_recipe() {
  { printf '%s\n' "$rootfs_packages"; cat "$lib/customise"; } | sha256sum | cut -c1-12
}

# rootfs_mmdebstrap SUITE OUTPUT OPTION...: makes OUTPUT from this machine's mirror. OUTPUT's folder is
# scratch, and gets the log.
rootfs_mmdebstrap() {
  local suite=$1 output=$2 scratch=${2%/*} option args=()
  shift 2
  need mmdebstrap mmdebstrap
  rootfs_sources "$suite" "$scratch" > "$scratch/sources.list"
  # A machine whose clock or mirror stands at another date says so in its own apt configuration.
  for option in Acquire::Check-Valid-Until Acquire::Check-Date; do
    args+=(--aptopt="$option \"$(apt-config dump --format '%v' "$option" | grep . || echo true)\"")
  done
  [ ! -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
    args+=(--keyring=/usr/share/keyrings/debian-archive-keyring.gpg)
  if ! mmdebstrap --mode=root --aptopt='Acquire::Languages "none"' \
    --aptopt='APT::Install-Recommends "false"' "${args[@]}" "$@" \
    "$suite" "$output" "$scratch/sources.list" </dev/null >"$scratch/log" 2>&1; then
    tail -n 30 "$scratch/log" >&2
    die "mmdebstrap could not make $suite"
  fi
}

# rootfs_build SUITE TAR
rootfs_build() {
  local suite=$1 tar=$2 scratch
  scratch=$(mktemp -d "${tar%/*}/.build.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" RETURN
  chmod 755 "$scratch"
  say "making the $suite root file system (once; half a minute)"
  rootfs_mmdebstrap "$suite" "$scratch/rootfs.tar" --variant=essential --format=tar \
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
