#!/usr/bin/env bash
# Writes the SD image to a card with bmaptool, and to nothing else.
#   scripts/flash.sh DEVICE [IMAGE.wic.zst]
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

usage="usage: make flash DEVICE=/dev/... [IMAGE=FILE.wic.zst]"
device=${1:-}
image=${2:-}
[ -n "$device" ] || { echo "$usage" >&2; exit 2; }

# Every fact comes from the kernel: what a link points at, what holds the disk, what is mounted.
check_device() {
  [ -e "$device" ] || die "$device is missing: plug the card in and look with lsblk"
  device=$(realpath "$device")
  [ -b "$device" ] || die "$device is not a disk: name a card, such as /dev/sdX or /dev/mmcblkX"
  local number sys
  number=$(stat --format '%Hr:%Lr' "$device")
  sys=$(realpath "/sys/dev/block/$number")
  [ ! -e "$sys/partition" ] ||
    die "$device is a partition: name the whole disk, /dev/$(basename "$(dirname "$sys")")"
  check_not_in_use "$sys"
  check_removable "$sys"
  [ "$(cat "$sys/size")" -gt 0 ] || die "$device has no card in it"
  [ "$(cat "$sys/ro")" -eq 0 ] || die "$device is write-protected: move the card's switch"
}

# Mounted, swapped to, or held by a volume above it: any of its partitions counts.
check_not_in_use() {
  local name mounts
  name=$(basename "$1")
  # lsblk fails for a disk without a medium, which has nothing mounted.
  mounts=$({ lsblk --noheadings --raw --output MOUNTPOINTS "/dev/$name" 2>/dev/null || true; } |
    sed 's/\\x0a/\n/g' | grep . || true)
  if grep -qxE '/|/boot.*|/usr|/home|/var|\[SWAP\]' <<<"$mounts"; then
    die "$device is a disk of this system ($(grep -m 1 . <<<"$mounts")): nothing was written"
  fi
  [ -z "$mounts" ] ||
    die "$device is mounted at $(head -n 1 <<<"$mounts"): unmount it first (umount ${device}*)"
  local holders
  holders=$(find "$1" -maxdepth 3 -path '*/holders/*' -printf '%f ')
  [ -z "$holders" ] || die "$device is in use by $holders: release it first"
}

# A card reader says that its disk is removable; a card slot's disk hangs on an SD card.
check_removable() {
  [ "$(cat "$1/removable")" -ne 1 ] || return 0
  [ "$(cat "$1/device/type" 2>/dev/null || true)" != SD ] || return 0
  die "$device is not removable: only a card or a stick is written to"
}

find_image() {
  local folder=${KAS_WORK_DIR:-$PWD/build/yocto}/build/tmp/deploy/images
  if [ -z "$image" ]; then
    image=$(find "$folder" -name 'edgepool-image-raspberrypi*.wic.zst' -type l 2>/dev/null | head -n 1)
    [ -n "$image" ] || die "no image in $folder: run 'make image', or name one with IMAGE="
  fi
  [ -f "$image" ] || die "$image is missing: run 'make image', or name another with IMAGE="
  [ -f "${image%.zst}.bmap" ] ||
    die "${image%.zst}.bmap is missing: it says what to write and how to check it, and stands beside the image"
  command -v bmaptool >/dev/null || die "bmaptool is missing: install the package bmap-tools"
}

confirm() {
  echo "Everything on this disk will be lost:"
  lsblk --nodeps --output NAME,SIZE,VENDOR,MODEL,TRAN "$device"
  [ "${FLASH_YES:-}" = 1 ] && return 0
  [ -t 0 ] || die "not on a terminal: set FLASH_YES=1 to write without being asked"
  local answer
  read -r -p "Type the name of the disk ($(basename "$device")) to write to it: " answer
  [ "$answer" = "$(basename "$device")" ] || die "not confirmed: nothing was written"
}

check_device
find_image
confirm
[ -w "$device" ] || die "$device is not writable for you: run it with sudo"
bmaptool copy --bmap "${image%.zst}.bmap" "$image" "$device"
sync "$device"
echo "Done. Put the card into the board and switch it on."
