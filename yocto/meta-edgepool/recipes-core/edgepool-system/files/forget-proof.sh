#!/bin/sh
# RAUC runs this before it writes: the slot that does not run now has nothing proved any more.
set -eu

case $(sed -n 's/.*rauc\.slot=\([AB]\).*/\1/p' /proc/cmdline) in
  A) other=B ;;
  B) other=A ;;
  *)
    echo "the kernel's command line has no rauc.slot=A or B: not started by the board's U-Boot" >&2
    exit 1
    ;;
esac
rm -f "/data/rauc/proved-$other"
sync
