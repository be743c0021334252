#!/bin/sh
# The board's own settings where there are any, else those that the system came with.
set -eu

config=/var/lib/edgepool/edgepool.yaml
[ -s "$config" ] || config=/usr/share/edgepool/edgepool.yaml
exec /usr/bin/edgepool run --config "$config"
