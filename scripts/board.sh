#!/usr/bin/env bash
# Makes what the board test boots, in build/board: system, card, kernel. Only what has changed.
#   scripts/board.sh
set -euo pipefail
cd "$(dirname "$0")/.."
steps_total=2
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
# shellcheck source=scripts/lib/arm64.sh
. scripts/lib/arm64.sh

# test_programs: for the guest, and the other side of its comparisons; of what is shipped, what the
# bundle has no need of.
test_programs() {
  arm64_configure
  cmake --build "$arm64_build" --target edgepool-hugepages camera_tensor hold outputs v4l2_test
  (cd native && cmake --preset release -DEP_BUILD_TESTS=ON)
  cmake --build build/native --target outputs
}

# card: of the shipped bundle and the built library.
card() {
  scripts/board/system.sh
  scripts/board/card.sh
}

scripts/bundle.sh
run_step board-programs "test programs" test_programs
run_step board-card "the machine's card" card
