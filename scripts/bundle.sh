#!/usr/bin/env bash
# Makes the board's bundle: the program for arm64, with models, their plan and the libraries that
# come from npm. The same sources give the same archive, bit for bit.
#   scripts/bundle.sh         build/bundle/edgepool-bundle-arm64.tar, and its SHA-256 beside it
#   scripts/bundle.sh plan    scripts/bundle/plan.json anew, which takes a quarter of an hour where the
#                             processor is emulated: after a change of the models, the heap or the
#                             runtime
set -euo pipefail
cd "$(dirname "$0")/.."
steps_total=5
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
# shellcheck source=scripts/lib/arm64.sh
. scripts/lib/arm64.sh

name=edgepool-bundle-arm64
out=$PWD/build/bundle
stage=$out/$name

# bundled WORD...: the bundle's own program, in the folder of the bundle.
bundled() { (cd "$stage" && "$OLDPWD/scripts/arm64-node.sh" 22 dist/edgepool.mjs "$@"); }

# The pools of the models, found on this very processor with this very runtime.
make_plan() {
  bundled analyze models --timeout 7200 --plan "$PWD/scripts/bundle/plan.json"
  if grep '"runs_on": "none' scripts/bundle/plan.json; then
    echo "a model runs without XNNPACK here and would need another pool on a board"
    return 1
  fi
}

make_archive() {
  tar -C "$out" --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 \
    --mode=u=rwX,go=rX -cf "$out/$name.tar" "$name"
  (cd "$out" && sha256sum "$name.tar" >"$name.tar.sha256")
}

# figures: what somebody who makes an image wants to know.
figures() {
  local before after
  before=$(date +%s%N)
  bundled --version >/dev/null
  after=$(date +%s%N)
  printf '%s: %d bytes, %d files, SHA-256 %s\n' "build/bundle/$name.tar" \
    "$(stat -c %s "$out/$name.tar")" "$(find "$stage" -type f | wc -l)" \
    "$(cut -c 1-16 "$out/$name.tar.sha256")..."
  printf 'it starts in %d ms (edgepool --version, Node %s%s)\n' $(((after - before) / 1000000)) \
    "$(scripts/arm64-node.sh 22 --version)" "${arm64_emulator:+, emulated Cortex-A72}"
}

run_step arm64-sysroot "arm64 packages of Debian" scripts/arm64-sysroot.sh "$arm64_sysroot"
run_step bundle-native "native library for the board's processor" arm64_library
run_step bundle-node "Node for arm64" scripts/arm64-node.sh 22 --version
run_step bundle-files "the program and what belongs to it" \
  node --import tsx scripts/bundle/board.ts "$stage" build/arm64
grep '^board: ' build/log/bundle-files.log || true
if [ "${1:-}" = plan ]; then
  run_step bundle-plan "the plan of its models, by trial on that processor" make_plan
  exit
fi
run_step bundle-archive "archive" make_archive
figures
