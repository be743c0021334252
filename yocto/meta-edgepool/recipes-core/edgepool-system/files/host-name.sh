#!/bin/sh
# Name the board: as the boot partition's file says, else edgepool- and six digits that are the same
# at every start. The program counts them in the same way (`device` in its settings).
#   host-name [ROOT]    prints the name; without ROOT it is the board's from now on
set -eu

root=${1:-}

id() {
  serial=$(tr -d '\000\n' <"$root/proc/device-tree/serial-number" 2>/dev/null | tr 'A-F' 'a-f') || serial=
  case $serial in
    '' | *[!0-9a-f]*) ;;
    ??????*)
      printf '%s' "$serial" | tail -c 6
      return
      ;;
  esac
  # A machine id is confidential (machine-id(5)): a hash of it is shown.
  printf 'edgepool:%s' "$(tr -d '\n' <"$root/etc/machine-id")" | sha256sum | cut -c 1-6
}

name=
if [ -s "$root/data/board/host_name" ]; then
  read -r name <"$root/data/board/host_name"
fi
[ -n "$name" ] || name=edgepool-$(id)
echo "$name"
[ -n "$root" ] || echo "$name" >/proc/sys/kernel/hostname
