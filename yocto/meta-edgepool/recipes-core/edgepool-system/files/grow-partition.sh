#!/bin/sh
# Enlarge the last partition of a disk to the disk's end. Usage: grow-partition DISK NUMBER
# DISK is a block device or an image file. Does nothing where there is nothing to gain, so that it
# can run at every boot and needs no note that it ran.
set -eu

disk=$1
number=$2
sector=512
# Less than this is not worth writing the table for.
gain_bytes=$((16 * 1024 * 1024))

# The end of a partition, in sectors, out of sfdisk's dump: "... start= 8192, size= 131072, ...".
# All four must be there: a table that looks otherwise is not ours to change.
table=$(sfdisk --dump "$disk")
end=$(echo "$table" | awk -v number="$number" '
  /start=/ {
    line = $0; gsub(/[^0-9,=a-z]/, "", line)
    match(line, /start=[0-9]+/); start = substr(line, RSTART + 6, RLENGTH - 6)
    match(line, /size=[0-9]+/); size = substr(line, RSTART + 5, RLENGTH - 5)
    count++; if (start + size > last) last = start + size
    if (count == number) end = start + size
  }
  END { if (count == number && end == last) print end }')
if [ -z "$end" ]; then
  echo "$disk: partition $number is not the last one; flash the card again" >&2
  exit 1
fi

if [ -b "$disk" ]; then
  total=$(blockdev --getsz "$disk")
else
  total=$(($(stat -c %s "$disk") / sector))
fi
if [ $(((total - end) * sector)) -lt $gain_bytes ]; then
  exit 0
fi

# One sector is written. Other partitions are in use, so the kernel is told of this one alone.
echo ', +' | sfdisk --quiet --no-reread --no-tell-kernel --force -N "$number" "$disk"
# Resized in place: deleted and added anew, as partx does it, the partition would be away for a moment,
# and whatever waits to check and mount it would fail.
if [ -b "$disk" ]; then
  size=$(sfdisk --dump "$disk" | sed -n "s/.*[^0-9]$number : .*size= *\([0-9]*\),.*/\1/p")
  resizepart "$disk" "$number" "$size"
fi
echo "$disk: partition $number grew by $(((total - end) * sector / 1024 / 1024)) MiB"
