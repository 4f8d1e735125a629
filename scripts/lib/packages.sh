# The Debian packages that each use of this tree needs, by group.

# The machines, other than this one, for whose hosts `activate` is built.
agent_machines=()
[[ $(uname -m) != x86_64 ]] || agent_machines=(aarch64)

# debian_architecture MACHINE: what Debian calls it.
debian_architecture() { case $1 in aarch64) echo arm64 ;; *) echo "$1" ;; esac; }

# package_groups GROUP...: sets `packages` to what the groups need; `build` is always among them.
package_groups() {
  local group machine
  packages=(
    # To build.
    g++ cmake ninja-build ca-certificates
    libssl-dev zlib1g-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libcli11-dev
    libelf-dev libarchive-dev libcurl4-openssl-dev
    # To build the pinned libraries.
    make xz-utils autoconf automake libtool pkgconf debian-archive-keyring
  )
  for group; do
    case $group in
      build) ;;
      # A Nix closure, and a systemd host in a container.
      demo) packages+=(nix-bin systemd-container mmdebstrap mount iproute2 openssh-client socat curl) ;;
      # Other readers of what we write, full disks, ELF closures; a mirror of our own; login shells; the guides' languages.
      test)
        packages+=(libgtest-dev libgmock-dev libbenchmark-dev ccache git patchelf binutils gpg gpg-agent
          nix-bin systemd-container mmdebstrap mount iproute2 openssh-client socat curl sudo
          squashfs-tools e2fsprogs btrfs-progs xfsprogs zstd cryptsetup-bin
          busybox fish mksh tcsh zsh libbz2-dev liblzma-dev
          nodejs openssl python3 python3-pip python3-markdown python3-jsonschema cargo)
        ;;
      # What some commands of the guides need beside that.
      guides) packages+=(golang-go npm node-ms podman podman-docker skopeo docker-registry) ;;
      # activate for hosts that are another machine.
      agents) for machine in "${agent_machines[@]}"; do packages+=("g++-$machine-linux-gnu"); done ;;
      # A .deb and its check; programs without shared libraries.
      package) packages+=(dpkg-dev lintian libbz2-dev liblzma-dev) ;;
      fuzz) packages+=(clang libclang-rt-dev) ;;
      tidy) packages+=(clang clang-tidy) ;;
      *) die "there is no group of packages '$group'; there are: build, demo, test, guides, agents, package, fuzz, tidy" ;;
    esac
  done
}
