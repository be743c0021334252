#!/bin/sh
# The settings that the system came with, and above them the board's own where there are any.
set -eu

set -- --config /usr/share/edgepool/edgepool.yaml
own=/var/lib/edgepool/edgepool.yaml
[ ! -s "$own" ] || set -- "$@" --config "$own"
exec /usr/bin/edgepool run "$@"
