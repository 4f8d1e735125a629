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
  imgbuild.catalog | imgbuild.init | imgbuild.sign) ;;
  imgbuild.try) '$built/imgbuild' "\$2" --target lz4 && set -- "\$@" --no-build ;;
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

# serve COMMAND...: runs it until the guide ends; sets `port`, when it says that it listens on one.
serve() {
  local line said
  exec {said}< <(exec "$@" 2>&1)
  servers+=($!)
  while read -r line <&"$said"; do
    if [[ $line =~ (listening on 127\.0\.0\.1:| port )([0-9]+) ]]; then port=${BASH_REMATCH[2]}; return; fi
  done
  echo "$1 did not say on which port it listens"
  exit 1
}

# wheel NAME VERSION FOLDER MODULE...: pip finds these modules of the folder as that release, and nothing else.
wheel() {
  mkdir -p "$work/wheels"
  export PIP_NO_INDEX=1 PIP_FIND_LINKS=$work/wheels PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
  python3 - "$work/wheels" "$@" <<'PROGRAM'
import pathlib, sys, zipfile
wheels, name, version, folder, *modules = sys.argv[1:]
info = f"{name}-{version}.dist-info/"
folder = pathlib.Path(folder)
found = [path for module in modules for path in [folder / module, *(folder / module).rglob("*.py")] if path.is_file()]
texts = {str(path.relative_to(folder)): path.read_text() for path in found}
texts[info + "METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
texts[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
texts[info + "RECORD"] = "".join(f"{path},,\n" for path in [*texts, info + "RECORD"])
with zipfile.ZipFile(f"{wheels}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in texts.items():
        wheel.writestr(path, text)
PROGRAM
}

# npm_registry MODULE: npm finds this module, which Debian packages, and nothing else.
npm_registry() {
  local module=/usr/share/nodejs/$1
  mkdir "$work/npm"
  (cd "$work/npm" && npm pack --silent --ignore-scripts "$module" >/dev/null)
  serve python3 -u -m http.server --bind 127.0.0.1 --directory "$work/npm" 0
  export npm_config_registry=http://127.0.0.1:$port/ npm_config_audit=false npm_config_fund=false
  export npm_config_update_notifier=false npm_config_cache=$work/npm-cache
  node - "$module" >"$work/npm/$1" <<'PROGRAM'
const about = require(process.argv[2] + "/package.json");
const { name, version } = about;
about.dist = { tarball: `${process.env.npm_config_registry}${name}-${version}.tgz` };
console.log(JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: about } }));
PROGRAM
}

# container_image FOLDER: in it is what `podman build` makes notes:1.4 of, the image of oci_archive.
container_image() {
  mkdir -p "$1"
  actor "$1/notes"
  cat >"$1/Dockerfile" <<'FILE'
FROM scratch
COPY notes /bin/notes
USER 1000
CMD ["/bin/notes", "serve", "8080", "0", "my notes"]
FILE
}

# containers: podman, and what stands for docker, have storage of their own, which needs nothing of the kernel.
containers() {
  export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf BUILDAH_ISOLATION=chroot
  printf '%s\n' '[storage]' 'driver = "vfs"' "graphroot = \"$work/containers\"" "runroot = \"$work/containers-run\"" \
    >"$CONTAINERS_STORAGE_CONF"
  printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' 'events_logger = "none"' >"$CONTAINERS_CONF"
}

# container_registry HOST: one at 127.0.0.1:$port, which is found by this name.
container_registry() {
  printf '%s\n' 'version: 0.1' 'storage: { filesystem: { rootdirectory: '"$work/registry"' } }' \
    'http: { addr: "127.0.0.1:0" }' >"$work/registry.yml"
  serve docker-registry serve "$work/registry.yml"
  mkdir -p "$HOME/.config/containers"
  printf '%s\n' '[[registry]]' "prefix = \"$1\"" "location = \"127.0.0.1:$port\"" 'insecure = true' \
    >"$HOME/.config/containers/registries.conf"
  export CONTAINERS_REGISTRIES_CONF=$HOME/.config/containers/registries.conf
}

# nixpkgs: <nixpkgs> and the flake nixpkgs with nginx and hello, from the fixture's closures, and an environment for nix
# without a network.
nixpkgs() {
  local fixture=$tree/tests/fixtures/nix
  "$fixture/build" v1 >/dev/null 2>"$work/nix.log" || { cat "$work/nix.log"; exit 1; }
  eval "$("$fixture/build" --env)"
  mkdir -p "$work/nixpkgs"
  echo "{ ... }: let all = import $fixture/default.nix { }; in { nginx = all.v1; hello = all.hello; }" >"$work/nixpkgs/default.nix"
  export NIX_PATH=nixpkgs=$work/nixpkgs
  # A flake sees no files but its own.
  mkdir "$work/flake"
  cp -r "$fixture/default.nix" "$fixture/nginx" "$SLIPWAY_NIX_FIXTURE/packages" "$work/flake/"
  cat >"$work/flake/flake.nix" <<'FLAKE'
{ outputs = _: {
    legacyPackages.x86_64-linux.nginx = (import ./default.nix { system = "x86_64-linux"; cache = toString ./.; }).v1;
  }; }
FLAKE
  printf '{ "version": 2, "flakes": [{ "from": { "type": "indirect", "id": "nixpkgs" }, "to": { "type": "path", "path": "%s" } }] }' \
    "$work/flake" >"$work/flakes.json"
  export NIX_CONFIG=${NIX_CONFIG:-}$'\n'"flake-registry = $work/flakes.json"
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
