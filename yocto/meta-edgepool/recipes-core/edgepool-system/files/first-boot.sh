#!/bin/sh
# Take what is on the boot partition. Most starts find it as the last one left it: then the program,
# which takes a second to come up, is not asked.
#   first-boot [BOOT DATA RUN]
set -eu

boot=${1:-/boot/firmware}
data=${2:-/data}
run=${3:-/run/edgepool-first-boot}

# Whether a folder has anything that could be taken, or was taken and not wiped.
has_files() {
  for file in "$boot/$1"/* "$boot/$1"/.taken-*; do
    [ ! -e "$file" ] || return 0
  done
  return 1
}

if cmp -s "$boot/edgepool.yaml" "$data/board/seen.yaml" && [ ! -e "$data/board/wiping.json" ] &&
  ! has_files models && ! has_files tls; then
  exit 0
fi
exec "${EDGEPOOL:-/usr/bin/edgepool}" first-boot --boot "$boot" --data "$data" --run "$run"
