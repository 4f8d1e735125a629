# shellcheck shell=bash
# Upstream's sources, and single files of binary packages, from all Debian suites of the mirror that this system's apt
# uses, with lists of their own: the system's lists, preferences and packages are neither read nor changed. Signatures
# are checked by apt against Debian's keyring, files by the digest in the signed list. What was downloaded is kept.
# Needs $deps and $tmp; see say.sh and apt.sh.

# The order to look in: Debian's stable release first, so that every machine builds the same; then this machine's own
# release and what is published beside them; then what still moves.
suites_in_order() {
  printf '%s\n' trixie "$VERSION_CODENAME" trixie-updates trixie-security "$VERSION_CODENAME"-{updates,security} \
    trixie-backports "$VERSION_CODENAME-backports" forky sid | awk '!seen[$0]++'
}

# The suites of this machine's own release, for what must fit its C library.
own_suites() { printf '%s\n' "$VERSION_CODENAME"-{security,updates} "$VERSION_CODENAME"; }

# in_suite SUITE COMMAND...: an apt command that sees that suite alone, which is open.
in_suite() {
  local dir=$deps/lists/${1/:/-} command=$2
  shift 2
  "$command" -qq -c "$dir/apt.conf" "$@"
}

# open_suite SUITE: its package lists as the mirror has them now, or, where it does not answer, as they were when it
# last did. Once in each run. SUITE:ARCHITECTURE: its binary packages for another machine.
open_suite() {
  local suite=${1%%:*} dir=$deps/lists/${1/:/-} opened=$tmp/opened-$1 architecture address
  [[ ! -e $opened ]] || return "$(<"$opened")"
  architecture=$(dpkg --print-architecture)
  [[ $1 != *:* ]] || architecture=${1#*:}
  address=$(suite_mirror "$suite")
  if [[ ! $address ]]; then
    echo 1 >"$opened"
    return 1
  fi
  mkdir -p "$dir"/{lists,cache/archives}/partial
  : >"$dir/status"
  local from="[arch=$architecture signed-by=$debian_keyring] $address $suite main"
  # The lists of another mirror are not this one's of an earlier time.
  [[ $(cat "$dir/sources.list" 2>/dev/null) == *" $address $suite "* ]] || rm -rf "$dir"/lists/*_*
  echo "deb $from" >"$dir/sources.list"
  [[ $1 == *:* ]] || echo "deb-src $from" >>"$dir/sources.list"
  # Valid-Until is not enforced: frozen mirrors outlive it, and versions are chosen below, not by the list.
  # The hooks are the system's, for its own lists.
  cat >"$dir/apt.conf" <<CONF
Dir::State::Lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Architecture "$architecture";
#clear APT::Architectures;
APT::Architectures { "$architecture"; };
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
  local status=0
  logged "Debian $1: reading its package lists" in_suite "$1" apt-get update || status=1
  if ((status)) && compgen -G "$dir/lists/*_$([[ $1 == *:* ]] && echo Packages || echo Sources)*" >/dev/null; then
    say "Debian $1: the lists of an earlier time have to do"
    status=0
  fi
  echo $status >"$opened"
  return $status
}

# reason: what the last command in the log failed for, in a few words.
reason() {
  awk '/^== / { text = "" } /^E: / && !text { text = $0 } END { print text ? text : "E: failed" }' "$log" |
    sed -E 's/^E: (Failed to fetch [^ ]* +)?//; s/ \[IP:.*//; s/\. .*//' | cut -c1-60
}

# fetch ADDRESS FILE DIGEST: into the kept downloads, unless it is there; sets `fetched` to its place.
fetch() {
  local part=$tmp/part
  fetched=$deps/downloads/$2
  if [[ -f $fetched ]] && sha256sum --check --quiet --status <<<"${3#SHA256:}  $fetched"; then return 0; fi
  mkdir -p "$deps/downloads"
  rm -f "$part"
  logged "$2: downloading" /usr/lib/apt/apt-helper -o Acquire::Retries=3 -o Acquire::http::Timeout=30 \
    -o Acquire::https::Timeout=30 -o APT::Sandbox::User=root download-file "$1" "$part" "$3" || return 1
  # A mirror in a folder gives a link to its file.
  if [[ -L $part ]]; then cp --remove-destination "$(readlink "$part")" "$part"; fi
  mv "$part" "$fetched"
}

# upstream VERSION: without Debian's epoch, revision and mark of a source that was packed again.
upstream() {
  local version=${1#*:}
  version=${version%-*}
  printf '%s' "${version%%+*}"
}

# revisions SUITE PACKAGE RELATION UPSTREAM_VERSION: those of the suite's source packages that will do, newest first.
revisions() {
  local version
  in_suite "$1" apt-cache showsrc --only-source "$2" 2>>"$log" | sed -n 's/^Version: //p' | sort -ruV |
    while read -r version; do
      if [[ $(upstream "$version") != *~* ]] && dpkg --compare-versions "$(upstream "$version")" "$3" "$4"; then echo "$version"; fi
    done
}

# try_file WHAT FROM SUITE APT_GET_WORDS... -- PATTERN: fetches the one file that apt-get names in that suite and that the
# pattern fits. Notes in `tried` what became of it; a file that failed before is not tried again.
try_file() {
  local what=$1 from=$2 suite=$3 words=() address file digest
  shift 3
  while [[ $1 != -- ]]; do words+=("$1"); shift; done
  while read -r address file _ digest; do
    # shellcheck disable=SC2053  # a pattern
    [[ $file == $2 && $digest == SHA256:* ]] || continue
    [[ " ${failed_files[*]} " != *" $address $digest "* ]] || return 1
    if fetch "${address//\'/}" "$file" "$digest"; then return 0; fi
    failed_files+=("$address $digest")
    tried+=("$from ($(reason))")
    say "$what: $from could not be fetched ($(reason)); looking further"
    return 1
  done < <(in_suite "$suite" apt-get "${words[@]}" --print-uris 2>>"$log")
  tried+=("$from (its list names no such file)")
  return 1
}

# give_up WHAT: the end of the set-up, when no suite had it.
give_up() {
  local text
  text=$(printf '%s, ' "${tried[@]-no suite has it}")
  text=${text%, }
  if ((${#without[@]})); then text+="; without a package list: ${without[*]}"; fi
  die "$1: could not be had from $(suite_mirror "$VERSION_CODENAME")
  tried: $(cut -c1-400 <<<"$text")
  When the network and the mirror work again: $again
  What was downloaded is kept. The whole log is $log"
}

# unpack_source PACKAGE RELATION UPSTREAM_VERSION DIR: upstream's source as Debian has it, without Debian's packaging and
# patches (lz4's would make the static library need another one). Sets found_version.
unpack_source() {
  local package=$1 relation=$2 wanted=$3 dir=$4 suite
  tried=() without=() failed_files=()
  while read -r suite <&3; do
    if ! open_suite "$suite"; then without+=("$suite"); continue; fi
    while read -r found_version <&4; do
      if try_file "$package" "$suite's $found_version" "$suite" source --only-source "$package=$found_version" -- '*.orig.tar.?z*' &&
        logged "$package $found_version: unpacking" unpack_tar "$fetched" "$dir"; then
        return 0
      fi
    done 4< <(revisions "$suite" "$package" "$relation" "$wanted")
  done 3< <(suites_in_order)
  local newer=
  [[ $relation != ge ]] || newer=' or newer'
  give_up "the source of $package $wanted$newer"
}

unpack_tar() {
  rm -rf "$2" && mkdir -p "$2" &&
    tar --extract --file "$1" --directory "$2" --strip-components=1 --no-same-owner
}

# unpack_package PACKAGE SUITE...: a binary package of the first of these suites that has it, into $tmp/PACKAGE. Sets
# found_version.
unpack_package() {
  local package=$1 suite
  shift
  tried=() without=() failed_files=()
  for suite; do
    if ! open_suite "$suite"; then without+=("$suite"); continue; fi
    while read -r found_version <&4; do
      if try_file "$package" "$suite's $found_version" "$suite" download "$package=$found_version" -- '*.deb' &&
        logged "$package $found_version: unpacking" dpkg-deb -x "$fetched" "$tmp/$package"; then
        return 0
      fi
    done 4< <(in_suite "$suite" apt-cache show "$package" 2>>"$log" | sed -n 's/^Version: //p' | sort -ruV)
  done
  give_up "the package $package"
}

# unpack_binary PACKAGE FILE OUTPUT: one file of it.
unpack_binary() {
  local suites
  mapfile -t suites < <(suites_in_order)
  unpack_package "$1" "${suites[@]}"
  install -D -m 755 "$tmp/$1/$2" "$3"
}

# unpack_folder PACKAGE FOLDER OUTPUT: a folder of it, of files that fit any release.
unpack_folder() {
  local suites
  mapfile -t suites < <(suites_in_order)
  unpack_package "$1" "${suites[@]}"
  mkdir -p "${3%/*}"
  rm -rf "$3"
  cp -r "$tmp/$1/$2" "$3"
}

# unpack_static PACKAGE ARCHITECTURE TRIPLET LIBRARY PREFIX: a static library for another machine, with its headers.
unpack_static() {
  local suites from=$tmp/$1
  mapfile -t suites < <(own_suites)
  unpack_package "$1" "${suites[@]/%/:$2}"
  mkdir -p "$5"/{include,lib}
  cp -r "$from/usr/include/." "$5/include/"
  [[ ! -d $from/usr/include/$3 ]] || cp -r "$from/usr/include/$3/." "$5/include/"
  install -m 644 "$from/usr/lib/$3/$4" "$5/lib/"
}
