#!/bin/sh
# Show a state on the board's green LED; docs/board.md has the table.
#   led runs|ended|refused
set -eu

state=$1
led=${EDGEPOOL_LED:-/sys/class/leds/ACT}
refused=${EDGEPOOL_REFUSED:-/run/edgepool-led-refused}

if [ "$state" = refused ]; then
  : >"$refused"
fi
# What was refused is shown until the next start, whatever else is well.
if [ "$state" = runs ] && [ -e "$refused" ]; then
  state=refused
fi
# A machine without the LED has nothing to show.
[ -e "$led/trigger" ] || exit 0

# blink ON_MS OFF_MS
blink() {
  echo timer >"$led/trigger"
  echo "$1" >"$led/delay_on"
  echo "$2" >"$led/delay_off"
}
case $state in
  runs) echo heartbeat >"$led/trigger" ;;
  refused) blink 100 100 ;;
  ended) blink 1000 1000 ;;
  *)
    echo "led: $state is no state; use runs, ended or refused" >&2
    exit 2
    ;;
esac
