# Packages of newer Debian suites, from the mirror that this system's apt uses, with lists of their own:
# the system's lists, preferences and packages are neither read nor changed. Signatures are checked by apt
# against Debian's keyring. Needs $tmp; see say.sh.

readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
readonly newer_suites=(trixie forky sid)

# The address of Debian's main archive. The origin comes from the signed Release files, so a third party's
# archive that uses the release's name is never taken for it.
mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk -v want="Debian|Debian|$VERSION_CODENAME" '$1 == want && !seen++ { print $2 }'
}

# in_suite SUITE COMMAND...: an apt command that sees that suite alone, which is open.
in_suite() {
  local dir=$tmp/apt/$1 command=$2
  shift 2
  "$command" -qq -c "$dir/apt.conf" "$@"
}

# open_suite SUITE: downloads its lists, once.
open_suite() {
  local suite=$1 dir=$tmp/apt/$1
  [[ ! -e $dir/ready ]] || return 0
  mkdir -p "$dir"/{lists,cache/archives}/partial
  : >"$dir/status"
  local from="[arch=$(dpkg --print-architecture) signed-by=$keyring] $mirror_address $suite main"
  printf '%s\n' "deb $from" "deb-src $from" >"$dir/sources.list"
  # Valid-Until is not enforced: frozen mirrors outlive it, and versions are chosen below, not by the list.
  # The hooks are the system's, for its own lists.
  cat >"$dir/apt.conf" <<CONF
Dir::State::Lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
  logged "Debian $suite: reading its package lists" in_suite "$suite" apt-get update
  : >"$dir/ready"
}

# find_source PACKAGE RELATION UPSTREAM_VERSION: sets found_suite, found_version (Debian's) and
# found_upstream to the first suite's newest source package with such a version.
find_source() {
  local package=$1 relation=$2 wanted=$3 versions
  for found_suite in "${newer_suites[@]}"; do
    open_suite "$found_suite"
    versions=$(in_suite "$found_suite" apt-cache showsrc --only-source "$package" 2>>"$log" |
      sed -n 's/^Version: //p' | sort -rV) || true
    for found_version in $versions; do
      found_upstream=${found_version#*:}
      found_upstream=${found_upstream%-*}
      found_upstream=${found_upstream%%+*}
      if dpkg --compare-versions "$found_upstream" "$relation" "$wanted"; then return 0; fi
    done
  done
  die "$package $wanted: not in any of ${newer_suites[*]} on $mirror_address"
}

# unpack_source PACKAGE RELATION UPSTREAM_VERSION DIR: upstream's source as Debian signed it, without
# Debian's patches (lz4's would make the static library need another one).
unpack_source() {
  local package=$1 dir=$4
  find_source "$1" "$2" "$3"
  mkdir -p "$tmp/download/$package"
  cd "$tmp/download/$package"
  logged "$package $found_upstream: downloading" \
    in_suite "$found_suite" apt-get source --download-only --only-source "$package=$found_version"
  logged "$package $found_upstream: unpacking" dpkg-source --skip-patches -x ./*.dsc "$dir"
  cd - >/dev/null
}

# unpack_binary PACKAGE FILE OUTPUT: one file of the binary package of the first suite that has it.
unpack_binary() {
  local package=$1 file=$2 output=$3
  for found_suite in "${newer_suites[@]}"; do
    open_suite "$found_suite"
    found_version=$(in_suite "$found_suite" apt-cache show "$package" 2>>"$log" |
      sed -n 's/^Version: //p' | sort -rV | head -n 1) || true
    [[ $found_version ]] || continue
    mkdir -p "$tmp/download/$package"
    cd "$tmp/download/$package"
    logged "$package ${found_version%-*}: downloading" \
      in_suite "$found_suite" apt-get download "$package=$found_version"
    dpkg-deb -x ./*.deb tree
    cd - >/dev/null
    install -D -m 755 "$tmp/download/$package/tree/$file" "$output"
    return 0
  done
  die "$package: not in any of ${newer_suites[*]} on $mirror_address"
}
