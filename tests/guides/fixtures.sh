# shellcheck shell=bash
# What set-ups of guides use, and the programs that a guide's commands find before the system's. Sourced by run_guide;
# needs $work, $built, $tree and $testhost.

# Where the running kernel cannot mount what imgbuild makes by default, it makes what every host can mount.
kernel_mounts_zstd() {
  local mounted=0
  mkdir -p "$work/probe/root" "$work/probe/mount"
  install /bin/true "$work/probe/root/program"
  "$built/imgbuild" --no-cache --root "$work/probe/root" --name probe --exec /program --output "$work/probe" >/dev/null
  if mount -t erofs -o loop,ro "$work/probe/probe/latest/image.erofs" "$work/probe/mount" 2>/dev/null; then
    umount "$work/probe/mount"
    mounted=1
  fi
  ((mounted))
}
build_for_this_kernel() {
  if kernel_mounts_zstd; then return; fi
  local program
  for program in imgbuild imgpush; do
    tool $program <<TOOL
#!/bin/sh
case " \$* " in *' --target '*) exec '$built/$program' "\$@" ;; esac
case $program.\$1 in
  imgbuild.inspect | imgbuild.diff | imgbuild.verify | imgbuild.extract | imgbuild.preview) ;;
  imgbuild.* | imgpush.doctor) exec '$built/$program' "\$@" --target lz4 ;;
esac
exec '$built/$program' "\$@"
TOOL
  done
}

# For set-ups. host NAME [OPTION...]: boots a host that `ssh NAME` reaches as root, and `curl http://NAME/`.
host() {
  [[ -d $work/hosts ]] || build_for_this_kernel
  "$testhost" up "$1" --owner $$ "${@:2}" >/dev/null
}
# on NAME COMMAND: a shell command line on that host.
on() { "$testhost" exec "$1" -- "$2"; }
# tool NAME: standard input becomes a program that is found before any other.
tool() { cat >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }
# actor FILE: a static program (tests/support/actor.cc) that stands for one that a compiler made.
actor() { cp "$built/tests_actor" "$1"; }

# ssh finds its configuration by the user, whatever HOME is. A host has no network but its own.
tool ssh <<TOOL
#!/bin/sh
exec /usr/bin/ssh -F '$work/ssh_config' "\$@"
TOOL
tool scp <<TOOL
#!/bin/sh
exec /usr/bin/scp -F '$work/ssh_config' "\$@"
TOOL
echo "Include $work/hosts/*/ssh_config" >"$work/ssh_config"
tool curl <<TOOL
#!/bin/bash
for word; do
  if [[ \$word =~ ^https?://([a-z0-9-]+) && -e $work/hosts/\${BASH_REMATCH[1]}/netns ]]; then
    # Silent, as on a terminal.
    exec nsenter --net="$work/hosts/\${BASH_REMATCH[1]}/netns" \\
      /usr/bin/curl --silent --show-error --noproxy '*' --connect-to ::127.0.0.1: "\$@"
  fi
done
exec /usr/bin/curl "\$@"
TOOL

# nixpkgs: <nixpkgs> with nginx and hello, from the fixture's closures, and an environment for nix without a network.
nixpkgs() {
  local fixture=$tree/tests/fixtures/nix
  "$fixture/build" v1 >/dev/null 2>"$work/nix.log" || { cat "$work/nix.log"; exit 1; }
  eval "$("$fixture/build" --env)"
  mkdir -p "$work/nixpkgs"
  echo "{ ... }: let all = import $fixture/default.nix { }; in { nginx = all.v1; hello = all.hello; }" >"$work/nixpkgs/default.nix"
  export NIX_PATH=nixpkgs=$work/nixpkgs
}

# oci_archive FILE: what `skopeo copy` makes of an image with one static program, /bin/notes.
oci_archive() {
  local layout=$work/oci layer config manifest
  blob() {  # blob FILE: moves it into the layout, and prints what names it
    local digest
    digest=$(sha256sum "$1" | cut -d' ' -f1)
    printf '"digest": "sha256:%s", "size": %s' "$digest" "$(stat -c %s "$1")"
    mv "$1" "$layout/blobs/sha256/$digest"
  }
  mkdir -p "$layout/blobs/sha256" "$work/layer/bin"
  actor "$work/layer/bin/notes"
  tar -C "$work/layer" -cf "$work/blob" bin
  local diff_id
  diff_id=$(sha256sum "$work/blob" | cut -d' ' -f1)
  layer=$(blob "$work/blob")
  cat >"$work/blob" <<JSON
{ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": ["sha256:$diff_id"] },
  "config": { "User": "1000", "WorkingDir": "/", "Env": ["PATH=/bin"], "Cmd": ["/bin/notes", "serve", "8080", "0", "my notes"] } }
JSON
  config=$(blob "$work/blob")
  cat >"$work/blob" <<JSON
{ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
  "config": { "mediaType": "application/vnd.oci.image.config.v1+json", $config },
  "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar", $layer }] }
JSON
  manifest=$(blob "$work/blob")
  cat >"$layout/index.json" <<JSON
{ "schemaVersion": 2, "manifests": [{ "mediaType": "application/vnd.oci.image.manifest.v1+json", $manifest,
  "annotations": { "org.opencontainers.image.ref.name": "1.4" } }] }
JSON
  echo '{ "imageLayoutVersion": "1.0.0" }' >"$layout/oci-layout"
  tar -C "$layout" -cf "$1" .
}

# old_service HOST NAME LINE...: a unit that an operator wrote by hand, and that runs.
old_service() {
  local host=$1 unit=$2
  shift 2
  printf '%s\n' '[Service]' "$@" '[Install]' 'WantedBy=multi-user.target' |
    on "$host" "cat >/etc/systemd/system/$unit.service; systemctl daemon-reload; systemctl enable --quiet --now $unit"
}
