#!/bin/sh
# Call the running slot good after edgepool.service has been up for EDGEPOOL_HOLD_SECONDS. systemd
# stops this script when edgepool ends, and edgepool ends (its watchdog is not fed) when frames or
# inference stand still: reaching the end of the wait is the proof.
set -eu

sleep "$EDGEPOOL_HOLD_SECONDS"
# RAUC does one thing at a time: while it writes an update it answers nothing else.
until rauc status mark-good; do
  sleep 10
done

# end-trial leaves a slot with this note alone; forget-proof takes it away when the slot is written
# again. Where the disk is full the note is missing, and the slot is merely tried again.
slot=$(sed -n 's/.*rauc\.slot=\([AB]\).*/\1/p' /proc/cmdline)
: >"/data/rauc/proved-$slot"
