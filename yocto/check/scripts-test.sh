#!/usr/bin/env bash
# The scripts around the card, run for real: what they do to an image and a loop device, and what
# they refuse of this machine's own disks. Nothing is written to a disk of this machine.
#   yocto/check/scripts-test.sh
set -euo pipefail

cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
for tool in sfdisk lsblk findmnt openssl; do
  command -v "$tool" >/dev/null || die "$tool is missing: install fdisk, util-linux and openssl"
done

files=yocto/meta-edgepool/recipes-core/edgepool-system/files
grow=$files/grow-partition.sh
scratch=$(mktemp -d)
loop=
clean_up() {
  [ -z "$loop" ] || { partx --delete "$loop" || true; losetup --detach "$loop"; }
  rm -rf "$scratch"
}
trap clean_up EXIT
passed=0

# expect STATUS TEXT COMMAND...: the command ends with that status and says something like TEXT.
expect() {
  local wanted=$1 text=$2 said status=0
  shift 2
  said=$("$@" 2>&1 </dev/null) || status=$?
  if [ "$status" -ne "$wanted" ] || ! grep -qE -- "$text" <<<"$said"; then
    die "'$*' ended with $status and said '$said'; expected $wanted and '$text'"
  fi
  passed=$((passed + 1))
}

# A card as the wks lays it out, in the sizes of a fresh image.
make_card() {
  rm -f "$1"
  truncate -s "$2" "$1"
  sfdisk --quiet "$1" <<'TABLE'
label: dos
start=8192, size=262144, type=c, bootable
start=270336, size=409600, type=83
start=679936, size=409600, type=83
start=1089536, size=131072, type=83
TABLE
}
end_of_data() { sfdisk --dump "$1" | awk -F'[=,]' '/start=/ { end = $2 + $4 } END { print end }'; }

test_growing() {
  local card=$scratch/card.img before
  make_card "$card" 1G
  before=$(sfdisk --dump "$card" | grep -E 'img[123] ')
  expect 0 'partition 4 grew by 428 MiB' sh "$grow" "$card" 4
  [ "$(end_of_data "$card")" -eq $((1024 * 2048)) ] || die "the data partition does not end where the card ends"
  [ "$(sfdisk --dump "$card" | grep -E 'img[123] ')" = "$before" ] || die "another partition has changed"
  before=$(sha256sum "$card")
  expect 0 '^$' sh "$grow" "$card" 4
  [ "$(sha256sum "$card")" = "$before" ] || die "a grown card was written to again"
  expect 1 'partition 3 is not the last one' sh "$grow" "$card" 3
  expect 1 'partition 5 is not the last one' sh "$grow" "$card" 5
  # A card that has no room to gain is left as it is.
  make_card "$card" $(((1089536 + 131072) * 512 + 8 * 1024 * 1024))
  before=$(sha256sum "$card")
  expect 0 '^$' sh "$grow" "$card" 4
  [ "$(sha256sum "$card")" = "$before" ] || die "a full card was written to"
}

# The kernel is told of the new size: only a block device shows that.
test_growing_device() {
  make_card "$scratch/device.img" 1G
  loop=$(losetup --show --find "$scratch/device.img")
  partx --add "$loop"
  expect 0 'partition 4 grew by 428 MiB' sh "$grow" "$loop" 4
  [ "$(cat "/sys/class/block/$(basename "$loop")p4/size")" -eq 1007616 ] ||
    die "the kernel was not told of the partition's new size"
}

test_flash_refusals() {
  local disk
  expect 2 'usage: make flash' scripts/flash.sh
  expect 1 'is missing: plug the card in' scripts/flash.sh /dev/no-such-disk
  expect 1 'is not a disk' scripts/flash.sh "$scratch"
  expect 1 'is not a disk' scripts/flash.sh /dev/null
  disk=$(findmnt --noheadings --output SOURCE /)
  if [ -b "$disk" ]; then
    disk=$(lsblk --inverse --noheadings --list --output PATH,TYPE "$disk" | awk '$2 == "disk" { print $1; exit }')
    expect 1 'is a disk of this system .*nothing was written' scripts/flash.sh "$disk"
  else
    echo "not run where / is not on a disk: the system's own disk is refused"
  fi
  if [ -n "$loop" ]; then
    expect 1 'is not removable' scripts/flash.sh "$loop"
  fi
}

test_keys() {
  expect 1 'lies in the repository' scripts/yocto-keys.sh build/keys
  expect 0 'EDGEPOOL_RAUC_KEY=' scripts/yocto-keys.sh "$scratch/keys"
  expect 1 'not overwritten' scripts/yocto-keys.sh "$scratch/keys"
  expect 0 'OK' openssl verify -CAfile "$scratch/keys/authority.cert.pem" "$scratch/keys/signing.cert.pem"
  expect 0 'Code Signing' openssl x509 -noout -ext extendedKeyUsage -in "$scratch/keys/signing.cert.pem"
  expect 0 '^600$' stat --format %a "$scratch/keys/signing.key.pem"
}

# The program is asked where the boot partition has something that it has not seen.
test_first_boot() {
  local boot=$scratch/boot data=$scratch/data ask='^first-boot --boot .*/boot --data .*/data --run /run/x$'
  local start=(env EDGEPOOL=echo sh "$files/first-boot.sh" "$boot" "$data" /run/x)
  mkdir -p "$boot" "$data/board"
  expect 0 "$ask" "${start[@]}"
  echo 'fps: 30' | tee "$boot/edgepool.yaml" >"$data/board/seen.yaml"
  expect 0 '^$' "${start[@]}"
  mkdir "$boot/models" "$boot/tls"
  expect 0 '^$' "${start[@]}"
  for file in "$boot/models/a.tflite" "$boot/tls/a.crt" "$boot/tls/.taken-a" "$data/board/wiping.json"; do
    touch "$file"
    expect 0 "$ask" "${start[@]}"
    rm "$file"
  done
  expect 0 '^$' "${start[@]}"
  echo 'fps: 15' >"$boot/edgepool.yaml"
  expect 0 "$ask" "${start[@]}"
}

# The same name as the program counts (deviceId in app/config/derive.ts, which has the same cases).
test_host_name() {
  local root=$scratch/root
  local name=(sh "$files/host-name.sh" "$root")
  mkdir -p "$root"/{proc/device-tree,etc,data/board}
  echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
  expect 0 "^edgepool-$(printf 'edgepool:0123456789abcdef0123456789abcdef' | sha256sum | cut -c 1-6)$" "${name[@]}"
  printf '10000000ABCDEF12\0' >"$root/proc/device-tree/serial-number"
  expect 0 '^edgepool-cdef12$' "${name[@]}"
  echo porch >"$root/data/board/host_name"
  expect 0 '^porch$' "${name[@]}"
}

test_led() {
  local led=$scratch/led
  local show=(env "EDGEPOOL_LED=$led" "EDGEPOOL_REFUSED=$scratch/refused" sh "$files/led.sh")
  expect 0 '^$' "${show[@]}" runs
  mkdir "$led"
  touch "$led/trigger"
  expect 0 '^$' "${show[@]}" runs
  expect 0 '^heartbeat$' cat "$led/trigger"
  expect 0 '^$' "${show[@]}" ended
  expect 0 '^timer 1000 1000$' sh -c "echo \$(cat $led/trigger $led/delay_on $led/delay_off)"
  expect 0 '^$' "${show[@]}" refused
  expect 0 '^$' "${show[@]}" runs
  expect 0 '^timer 100 100$' sh -c "echo \$(cat $led/trigger $led/delay_on $led/delay_off)"
  expect 2 'is no state; use runs' "${show[@]}" off
}

test_growing
if [ "$(id -u)" -eq 0 ] && [ -e /dev/loop-control ]; then
  test_growing_device
else
  echo "not run without root and loop devices: the kernel is told of a grown partition"
fi
test_flash_refusals
test_keys
test_first_boot
test_host_name
test_led
echo "$passed expectations held"
