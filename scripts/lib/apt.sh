# shellcheck shell=bash
# The package mirror as this machine's apt is configured, and what to do where it lags behind its own lists.

readonly debian_keyring=${SLIPWAY_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# mirror LABEL: the address of the archive with that label (Debian, Debian-Security). Origin and label come from
# the signed Release files, so a third party's archive is never taken for it.
mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk -v want="Debian|$1" '$1 == want && !seen++ { print $2 }'
}

# suite_mirror SUITE: the address of the archive that has SUITE; nothing where apt knows none.
suite_mirror() {
  case $1 in
    *-security) mirror Debian-Security ;;
    *) mirror Debian ;;
  esac
}

# avoid_unfetchable LOG PREFERENCES: pins away the package revisions that LOG says the mirror lacks or has damaged, so
# that apt takes another revision that its lists name, and says which. Fails where LOG names none that is not pinned
# away already.
avoid_unfetchable() {
  local file name version avoided=()
  while read -r file; do
    # In file names, and again in addresses, some characters are escaped: an epoch's colon, a plus.
    file=$(printf '%b' "${file//%/\\x}")
    file=$(printf '%b' "${file//%/\\x}")
    name=${file%%_*} version=${file#*_}
    version=${version%_*}
    if ! grep -A1 -xF "Package: $name" "$2" | grep -qxF "Pin: version $version"; then
      printf '\nPackage: %s\nPin: version %s\nPin-Priority: -1\n' "$name" "$version" >>"$2"
      avoided+=("$name $version")
    fi
  done < <(sed -nE '/404 |[Ff]ile not found|Hash Sum mismatch|unexpected size|[Ss]ize mismatch/ s#^[EW]: Failed to fetch [^ ]*/([^/ ]*)\.deb .*#\1#p' "$1" |
    sort -u)
  ((${#avoided[@]})) || return 1
  say "not on the mirror, or damaged there: $(printf '%s, ' "${avoided[@]:0:4}" | sed 's/, $//')$(
    ((${#avoided[@]} <= 4)) || echo " and $((${#avoided[@]} - 4)) more"); trying other revisions"
}

# apt_sources SUITE SCRATCH: sources.list lines for it and what is published beside it, on stdout.
apt_sources() {
  local address other
  for other in "$1" "$1-updates" "$1-security"; do
    address=$(suite_mirror "$other")
    if [[ $other == "$1" ]]; then
      [[ $address ]] || die "apt knows no Debian archive: add one to its sources and run apt-get update"
    elif [[ ! $address ]] || ! is_published "${address%/}/dists/$other/InRelease" "$2"; then
      continue
    fi
    printf 'deb %s %s main\n' "$address" "$other"
  done
}

# is_published ADDRESS SCRATCH: false where the mirror says that there is no such file; its silence ends the script.
is_published() {
  ! /usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file "$1" "$2/InRelease" >"$2/log" 2>&1 || return 0
  grep -qE '404 |[Ff]ile not found' "$2/log" || die "$1 could not be read: $(grep -m1 '^E: ' "$2/log")"
  return 1
}

# apt_way: how this machine's apt reaches the mirror (proxies, certificates, a clock or a mirror that stands at another
# date), as lines of an apt.conf on stdout.
apt_way() {
  apt-config dump Acquire | grep -E '^Acquire::(https?|tor|Check-Valid-Until|Check-Date|Max-ValidTime|ForceIPv[46])' || true
  printf '%s\n' 'Acquire::Retries "3";' 'Acquire::Languages "none";' 'APT::Install-Recommends "false";'
}

# debian_tree SUITE OUTPUT OPTION...: makes OUTPUT, a folder or a tar, with mmdebstrap from the mirror that this machine's
# apt uses. OUTPUT's folder is scratch, and gets the log.
debian_tree() {
  local suite=$1 output=$2 scratch=${2%/*} try
  shift 2
  command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: install the package mmdebstrap"
  apt_sources "$suite" "$scratch" >"$scratch/sources.list"
  apt_way >"$scratch/apt.conf"
  chmod 755 "$scratch"
  : >"$scratch/preferences"
  trap 'exit 130' INT TERM  # mmdebstrap ends well when it is interrupted
  for try in 1 2 3 4 5; do
    # shellcheck disable=SC2016  # expanded by mmdebstrap's shell
    if mmdebstrap --mode=root --keyring="$debian_keyring" --aptopt="$scratch/apt.conf" \
      --setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\" && cp '$scratch/preferences' \"\$1/etc/apt/preferences.d/unfetchable\"" \
      --setup-hook='for name in auth.conf auth.conf.d mirrors; do
        if [ -e "/etc/apt/$name" ]; then cp -a "/etc/apt/$name" "$1/etc/apt/"; fi; done' \
      --customize-hook='rm -rf "$1/etc/apt/preferences.d/unfetchable" "$1/etc/apt/auth.conf" "$1"/etc/apt/auth.conf.d/*' "$@" \
      "$suite" "$output" "$scratch/sources.list" </dev/null >"$scratch/log" 2>&1; then
      return 0
    fi
    rm -rf --one-file-system "$output"
    if ! avoid_unfetchable "$scratch/log" "$scratch/preferences"; then
      ((try < 3)) || break
      sleep 5
      : >"$scratch/preferences"
    fi
  done
  { grep '^E: ' "$scratch/log" || tail -n 3 "$scratch/log"; } | head -n 3 | cut -c1-200 >&2
  die "mmdebstrap could not make a root of $suite: try again when the network and the mirror work"
}
