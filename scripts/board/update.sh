# shellcheck shell=bash
# What the update test has beside the card's system: the boot script, RAUC's settings, and a stick
# with bundles. Taken in by scripts/board/card.sh, whose out, core, layer and compatible are used.
# shellcheck disable=SC2154

# install_kernel ROOT: a slot has its own kernel; Debian's needs its initial file system too.
install_kernel() {
  install -D -m 0644 "$out/vmlinuz" "$1/boot/Image"
  install -m 0644 "$out/initrd.gz" "$1/boot/initrd.gz"
}

# install_rauc ROOT KEYS: as the layer's rauc-conf does, where Debian's RAUC looks for it.
install_rauc() {
  install -D -m 0644 "$2/authority.cert.pem" "$1/etc/rauc/authority.cert.pem"
  sed -e "s/@COMPATIBLE@/$compatible/" -e 's/@KEYRING@/authority.cert.pem/' \
    "$core"/rauc/files/system.conf >"$1/etc/rauc/system.conf"
}

# boot_script FILE: the board's, but that Debian's kernel is started with its initial file system, and
# that the environment is read and saved as environment.cmd says.
boot_script() {
  # shellcheck disable=SC2016 # U-Boot's own
  local start='load ${devtype} ${devnum}:${slot_part} ${ramdisk_addr_r} boot/initrd.gz \&\& booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdt_addr} #'
  sed -e 's/@@KERNEL_IMAGETYPE@@/Image/' -e "s|@@KERNEL_BOOTCMD@@|$start|" \
    -e 's/@@BOOT_MEDIA@@/virtio/' -e 's/\<saveenv\>/run save/' scripts/board/environment.cmd \
    "$layer"/recipes-bsp/rpi-u-boot-scr/files/boot.cmd.in >"$1.cmd"
  mkimage -A arm64 -T script -C none -d "$1.cmd" "$1" >/dev/null
  rm "$1.cmd"
}

# add_bundle FILE KEYS COMPATIBLE IMAGE: made and signed as the layer's recipe says.
add_bundle() {
  local recipe=$core/bundles/edgepool-update.bb content=$out/bundle.content
  rm -rf "$content"
  mkdir -p "$content"
  ln "$4" "$content/rootfs.ext4"
  cat >"$content/manifest.raucm" <<MANIFEST
[update]
compatible=$3
version=next

[bundle]
format=$(recipe_value "$recipe" RAUC_BUNDLE_FORMAT)

[image.rootfs]
adaptive=$(recipe_value "$recipe" 'RAUC_SLOT_rootfs\[adaptive\]')
filename=rootfs.ext4
MANIFEST
  rauc bundle --cert="$2/signing.cert.pem" --key="$2/signing.key.pem" "$content" "$1"
  rm -rf "$content"
}

# make_stick SYSTEM KEYS: a disk with an update to SYSTEM, and with bundles that are not to be taken.
make_stick() {
  local system=$1 keys=$2 folder=$out/stick empty=$out/empty.ext4 size
  rm -rf "$folder" "$empty"
  mkdir -p "$folder"
  # Whatever it is, no system.
  mkdir -p "$out/empty"
  openssl rand -out "$out/empty/noise" 1000000
  mke2fs -q -t ext4 -d "$out/empty" "$empty" 8M
  rm -rf "$out/empty"
  scripts/yocto-keys.sh "$keys/others" >/dev/null
  add_bundle "$folder/update.raucb" "$keys" "$compatible" "$system"
  add_bundle "$folder/no-system.raucb" "$keys" "$compatible" "$empty"
  add_bundle "$folder/other-board.raucb" "$keys" edgepool-other "$empty"
  add_bundle "$folder/other-authority.raucb" "$keys/others" "$compatible" "$empty"
  # Signed by us, and afterwards cut short, or changed in the middle of its content.
  head -c 500000 "$folder/no-system.raucb" >"$folder/cut-short.raucb"
  cp "$folder/no-system.raucb" "$folder/damaged.raucb"
  printf 'changed' | dd of="$folder/damaged.raucb" bs=1 seek=500000 conv=notrunc status=none
  rm "$empty"
  size=$(du --apparent-size -sm "$folder" | cut -f 1)
  rm -f "$out/stick.img"
  mke2fs -q -t ext4 -O ^has_journal -d "$folder" "$out/stick.img" "$((size * 11 / 10 + 8))M"
  rm -rf "$folder"
}
