# shellcheck shell=bash
# A virtual machine that is emulated (it needs no KVM: most machines that run tests have none): QEMU and
# a kernel of the suite below, unpacked beside the test hosts, and initramfs archives for it.
# Sourced by testvm and vmhost; needs rootfs.sh, say and die.

vm_suite=trixie  # its kernel, 6.12, has EROFS with zstd
vm_packages=qemu-system-x86,qemu-system-arm,linux-image-cloud-amd64,busybox-static
vm_machine=x86_64  # that is emulated; or aarch64
vm_aarch64_packages=$rootfs_packages,udev,kmod,linux-image-cloud-arm64,busybox-static

# Sets `vm_debian`: QEMU, kernel and busybox as their packages have them; and `vm_guest`, which has kernel and
# busybox for vm_machine: the same folder if that is x86-64.
vm_ensure() {
  [ "$(uname -m)" = x86_64 ] || die "knows x86-64 alone"
  vm_unpack "vm-$vm_suite" "$vm_packages" "QEMU and the kernel of $vm_suite"
  vm_debian=$unpacked vm_guest=$unpacked
  if [ "$vm_machine" = aarch64 ]; then
    # Unpacked alone: nothing of it can run here.
    vm_unpack "vm-aarch64-$vm_suite" "$vm_aarch64_packages" "$vm_suite for aarch64" \
      --include='?essential' --architectures=arm64 --skip=check/qemu
    vm_guest=$unpacked
  fi
}

# vm_unpack NAME PACKAGES WHAT OPTION...: sets `unpacked` to a folder of these packages, made once.
vm_unpack() {
  local cache lock scratch name=$1 packages=$2 what=$3
  shift 3
  cache=$(rootfs_cache)
  unpacked=$cache/$name.$(printf '%s' "$packages" | sha256sum | cut -c1-12)
  [ ! -d "$unpacked" ] || return 0
  mkdir -p "$cache"
  exec {lock}> "$cache/.vm-lock"
  flock "$lock"
  if [ ! -d "$unpacked" ]; then
    scratch=$(mktemp -d "$cache/.vm.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$scratch'" RETURN
    say "getting $what (once; a minute)"
    debian_tree "$vm_suite" "$scratch/tree" --variant=extract --format=directory --include="$packages" "$@"
    rm -rf "$cache/$name".*
    mv -T "$scratch/tree" "$unpacked"
  fi
  exec {lock}>&-
}

# vm_initramfs DIR MODULE...: busybox and these modules; /modules/order is the order to load them in.
vm_initramfs() {
  local dir=$1 name
  shift
  mkdir -p "$dir"/{bin,dev,proc,sys,tmp,modules}
  cp "$vm_guest/usr/bin/busybox" "$dir/bin/"
  for name in "$@"; do vm_add_module "$dir" "$name"; done
}

# vm_add_module DIR NAME: behind those that it needs.
vm_add_module() {
  local dir=$1 name=$2 file needed module=$1/modules/$2.ko
  [ ! -e "$module" ] || return 0
  file=$(find "$vm_guest/usr/lib/modules" -name "$name.ko.xz")
  [ -n "$file" ] || die "$vm_suite's kernel has no module $name"
  xz -dc "$file" > "$module"
  for needed in $(tr '\0' '\n' < "$module" | sed -n 's/^depends=//p' | tr ',' ' '); do
    vm_add_module "$dir" "$needed"
  done
  echo "$name" >> "$dir/modules/order"
}

# vm_start_of_init: what each machine's /init begins with.
vm_start_of_init() {
  cat <<'INIT'
#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "/modules/$module.ko"; done < /modules/order
INIT
}

# vm_pack DIR ARCHIVE
vm_pack() {
  chmod 755 "$1/init"
  (cd "$1" && find . | "$vm_debian/usr/bin/busybox" cpio -o -H newc 2>/dev/null) > "$2"
}

# vm_qemu INITRAMFS OPTION...: becomes QEMU, with Debian's own libraries and loader: this machine's may
# be older.
vm_qemu() {
  local initramfs=$1 libraries=$vm_debian/usr/lib/x86_64-linux-gnu share=$vm_debian/usr/share console machine
  shift
  case $vm_machine in
    x86_64) console=ttyS0 machine=(-cpu max -M q35) ;;
    aarch64) console=ttyAMA0 machine=(-cpu max,pauth-impdef=on -M virt) ;;  # pointers signed by a cheap hash
  esac
  export QEMU_MODULE_DIR=$libraries/qemu
  exec "$vm_debian/usr/lib64/ld-linux-x86-64.so.2" --library-path "$libraries" \
    "$vm_debian/usr/bin/qemu-system-$vm_machine" -L "$share/qemu" -L "$share/seabios" \
    -nodefaults -no-user-config -display none -no-reboot \
    -accel tcg,thread=multi "${machine[@]}" -smp 2 \
    -kernel "$(echo "$vm_guest"/boot/vmlinuz-*)" -initrd "$initramfs" \
    -append "console=$console quiet panic=-1 mitigations=off" "$@"
}
