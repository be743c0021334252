#!/bin/sh
# Restart a board whose slot has not proved itself in time: U-Boot counts the start as failed and,
# after three of them, goes back to the other slot. A slot that has proved itself before is left
# running: then the cause is outside the system, and a restart would not help.
set -eu

slot=$(sed -n 's/.*rauc\.slot=\([AB]\).*/\1/p' /proc/cmdline)
if [ -e "/data/rauc/proved-$slot" ]; then
  exit 0
fi
echo "slot $slot has not proved itself: restarting the board" >&2
systemctl reboot
