#!/usr/bin/env bash
# Builds the SD image with kas, after it has made sure that the build can get to its end.
#   scripts/yocto-image.sh [KAS_FILE]      (yocto/kas/edgepool.yml)
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

kas_file=${1:-yocto/kas/edgepool.yml}
work=${KAS_WORK_DIR:-$PWD/build/yocto}
disk_gb=70
memory_gb=8

need() {
  [ "$(id -u)" -ne 0 ] || die "bitbake refuses to run as root: build as an ordinary user"
  [ -f "$kas_file" ] || die "$kas_file is missing"
  command -v kas >/dev/null ||
    die "kas is missing: install it with 'pipx install kas' (version 4 or later)"
  local version
  version=$(kas --version | sed -n 's/^kas \([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 4 ] ||
    die "kas $version is too old, it does not read lock files: install 4 or later with 'pipx install kas'"

  local tool missing=()
  for tool in chrpath cpio diffstat file gawk gcc g++ git lz4 make patch python3 rpcgen wget zstd; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]}; install with: sudo apt-get install \
build-essential chrpath cpio diffstat file gawk git lz4 python3 rpcsvc-proto wget zstd"
  locale -a | grep -qi '^en_US.utf-\?8$' ||
    die "the locale en_US.UTF-8 is missing: add it to /etc/locale.gen and run locale-gen"
}

need_bundle() {
  [ -f build/bundle/edgepool-bundle-arm64.tar ] ||
    die "build/bundle/edgepool-bundle-arm64.tar is missing: run 'make bundle' first"
}

need_keys() {
  local name path
  for name in EDGEPOOL_RAUC_KEYRING EDGEPOOL_RAUC_CERT EDGEPOOL_RAUC_KEY; do
    path=${!name:-}
    [ -n "$path" ] || die "$name is not set: 'scripts/yocto-keys.sh DIRECTORY' makes keys and says what to export"
    [ -f "$path" ] || die "$name: $path is missing"
  done
}

need_room() {
  mkdir -p "$work"
  local free_gb total_gb
  free_gb=$(df --output=avail -B1G "$work" | tail -n 1 | tr -d ' ')
  [ "$free_gb" -ge $disk_gb ] ||
    die "$work has $free_gb GB free, a first build needs $disk_gb: free some, or set KAS_WORK_DIR to a larger disk"
  total_gb=$(awk '/^MemTotal/ { print int($2 / 1000000) }' /proc/meminfo)
  [ "$total_gb" -ge $memory_gb ] ||
    die "this machine has $total_gb GB of memory, the build needs $memory_gb"
}

need
need_bundle
need_keys
need_room
cat <<TEXT
Building $kas_file in $work.
A first build downloads about 8 GB, writes about $disk_gb GB and takes some hours; later ones take minutes.
TEXT
export KAS_WORK_DIR=$work KAS_BUILD_DIR=$work/build
kas build "$kas_file"
image=$(find "$work/build/tmp/deploy/images" -name 'edgepool-image-*.wic.zst' -type l | head -n 1)
[ -n "$image" ] || die "kas ended, but no edgepool-image-*.wic.zst is in $work/build/tmp/deploy/images"
echo "Image: $image"
echo "Write it to a card with: make flash DEVICE=/dev/..."
