#!/usr/bin/env bash
# Makes what the board test's guest has of others: a Debian root file system for arm64 without any
# emulated step, the kernel, a small initial file system, and Node. Kept until a list changes.
#   scripts/board/system.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
# shellcheck source=scripts/lib/arm64-apt.sh
. scripts/lib/arm64-apt.sh

out=$PWD/build/board
root=$out/system
# Of the kernel's modules the guest gets these and what they need.
first_modules=(virtio_mmio virtio_pci virtio_blk ext4 i6300esb)
more_modules=(virtio_net virtio_console virtio_rng vfat nls_cp437 nls_ascii nls_iso8859_1 softdog vivid
  tun overlay uvcvideo vhci_hcd
  loop dm_verity squashfs)

key=$(digest_of scripts/board/system.sh scripts/board/packages.txt scripts/board/init.sh \
  scripts/lib/arm64-apt.sh scripts/node/package-lock.json)
if stamp_matches "$out/system.stamp" "$key"; then exit 0; fi

# kernel_package DIRECTORY: the one that has udmabuf, as the image's kernel has: Debian 13's, which
# Debian 12 has among its backports. Names it, and lets apt find it.
kernel_package() {
  local mirror
  # shellcheck disable=SC2016 # apt's own word
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  if [ -z "$mirror" ]; then
    ! grep -q '^VERSION_CODENAME=bookworm$' /etc/os-release ||
      die "apt has no lists of packages, so no kernel can be chosen: run apt-get update"
    echo linux-image-arm64
    return
  fi
  mkdir -p "$1"
  cat /etc/apt/sources.list >"$1/sources.list" 2>/dev/null || :
  echo "deb $mirror bookworm-backports main" >>"$1/sources.list"
  echo linux-image-arm64/bookworm-backports
}

# unpack_packages: what maintainer scripts would do is done below, by hand.
unpack_packages() {
  local apt_dir package packages kernel
  mapfile -t packages < <(grep -v '^#' scripts/board/packages.txt)
  apt_dir=$out/apt
  rm -rf "$apt_dir"
  kernel=$(kernel_package "$apt_dir")
  arm64_apt "$apt_dir" install --yes --download-only --no-install-recommends \
    '?essential' "$kernel" "${packages[@]}"
  rm -rf "$root"
  mkdir -p "$root"/usr/{bin,sbin,lib}
  for package in bin sbin lib; do ln -s usr/$package "$root/$package"; done
  for package in "$apt_dir"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" |
      tar -x --keep-directory-symlink --no-same-owner -C "$root" \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*'
  done
  rm -rf "$apt_dir"
}

# module_files MODULE...: in the order that they are to be loaded in.
module_files() {
  local module
  for module in "$@"; do
    modprobe --dirname "$root" --set-version "$version" --show-depends "$module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

# keep_modules: the others are nine tenths of the system.
keep_modules() {
  local kept=$out/modules folder=$root/usr/lib/modules/$version file
  depmod -b "$root" "$version"
  rm -rf "$kept"
  while read -r file; do
    mkdir -p "$kept/$(dirname "${file#"$root"/lib/modules/"$version"/}")"
    cp "$file" "$kept/${file#"$root"/lib/modules/"$version"/}"
  done < <(module_files "${first_modules[@]}" "${more_modules[@]}")
  cp "$folder"/modules.{order,builtin,builtin.modinfo} "$kept"
  rm -rf "$folder"
  mv "$kept" "$folder"
  depmod -b "$root" "$version"
}

# make_initrd: the kernel has the disk's driver and ext4 as modules.
make_initrd() {
  local stage=$out/initrd.root file
  rm -rf "$stage"
  mkdir -p "$stage"/{bin,dev,modules,proc,root}
  cp "$root/usr/bin/busybox" "$stage/bin/busybox"
  install -m 0755 scripts/board/init.sh "$stage/init"
  while read -r file; do
    cp "$file" "$stage/modules"
    basename "$file" >>"$stage/modules/order"
  done < <(module_files "${first_modules[@]}")
  # A newer Debian compresses modules; busybox loads plain ones.
  find "$stage/modules" -name '*.xz' -exec xz --decompress {} +
  sed -i 's/\.xz$//' "$stage/modules/order"
  (cd "$stage" && find . | cpio --quiet --create --format=newc --owner=0:0 | gzip -1) >"$out/initrd.gz"
  rm -rf "$stage"
}

# by_hand: what maintainer scripts do.
by_hand() {
  local table=$root/usr/share/base-passwd
  cp "$table/passwd.master" "$root/etc/passwd"
  cp "$table/group.master" "$root/etc/group"
  cat yocto/meta-edgepool/files/edgepool-passwd >>"$root/etc/passwd"
  cat yocto/meta-edgepool/files/edgepool-group >>"$root/etc/group"
  systemd-sysusers --root="$root"
  ln -s mawk "$root/usr/bin/awk"
  # Where programs look for the bus and for locks.
  rmdir "$root"/var/{run,lock}
  ln -s /run "$root/var/run"
  ln -s /run/lock "$root/var/lock"
  echo edgepool >"$root/etc/hostname"
  # Made up anew at each start, or given on the kernel's command line: the root is never written to.
  : >"$root/etc/machine-id"
}

# node_for_board: the one that the checkout pins.
node_for_board() {
  scripts/arm64-node.sh 22 --version
  install -m 0755 build/arm64/node-22/bin/node "$root/usr/bin/node"
}

unpack_packages
version=$(basename "$root"/usr/lib/modules/*)
keep_modules
make_initrd
mv "$root/boot/vmlinuz-$version" "$out/vmlinuz"
rm -rf "${root:?}/boot"
by_hand
node_for_board
echo "$key" >"$out/system.stamp"
