#!/bin/busybox sh
# shellcheck shell=dash
# The first program of the board test's guest: loads the modules of the disk, mounts the root that
# the kernel's command line names, read-only, and hands over to it.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r module; do
  insmod "/modules/$module"
done </modules/order
root=$(sed 's/.*\<root=\([^ ]*\).*/\1/' /proc/cmdline)
until [ -b "$root" ]; do sleep 0.1; done
target=/root
mount -t ext4 -o ro,noatime "$root" "$target"
umount /proc
mount --move /dev "$target/dev"
exec switch_root "$target" /sbin/init
