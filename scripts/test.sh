#!/usr/bin/env bash
# Runs the tests, cheap ones first; ends at the first part that fails.
#   scripts/test.sh [native|app|sanitizers|e2e|arm64|machine]...    all of them by default
#   scripts/test.sh board    all that is tried on the emulated machine; `machine` is the first of it
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
export PATH=$PWD/.tools/bin:$PATH

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(native app sanitizers e2e arm64 machine)
steps_total=0
for part in "${parts[@]}"; do
  case $part in
    native) steps_total=$((steps_total + 1)) ;;
    sanitizers) steps_total=$((steps_total + 2)) ;;
    app | e2e | arm64 | machine | board) ;;
    *) die "unknown part '$part'; there are: native app sanitizers e2e arm64 machine board" ;;
  esac
done

# build_native PRESET: with its tests.
build_native() {
  (cd native && cmake --preset "$1" -DEP_BUILD_TESTS=ON)
  cmake --build "build/$2"
}

# native_tests PRESET FOLDER TITLE
native_tests() {
  run_step "build-$2" "building native tests, $3" build_native "$1" "$2"
  ctest --test-dir "build/$2" --output-on-failure --no-tests=error
}

# node_tests FOLDER CONCURRENCY [FIND_TEST...]: every test file below it, one process each.
node_tests() {
  local folder=$1 concurrency=$2 files
  shift 2
  mapfile -t files < <(find "$folder" -name '*.test.ts' "$@" | sort)
  [ ${#files[@]} -gt 0 ] || die "no tests in $folder"
  node --import tsx --test --test-concurrency="$concurrency" --test-reporter=spec "${files[@]}"
}

for part in "${parts[@]}"; do
  case $part in
    native) native_tests release native "plain" ;;
    app)
      node_tests test "$(nproc)" -not -path 'test/e2e/*' -not -path 'test/soak/*' \
        -not -path 'test/board/*' -not -path 'test/machine/*'
      ;;
    sanitizers)
      native_tests asan native-asan "address and undefined-behaviour sanitizers"
      native_tests tsan native-tsan "thread sanitizer"
      ;;
    # One after the other: they measure time.
    e2e) node_tests test/e2e 1 ;;
    arm64)
      scripts/arm64-test.sh
      node_tests test/board 1
      ;;
    # What is shipped, on an emulated machine: power on with a camera and a broker.
    machine)
      scripts/board.sh
      node_tests test/machine 1 -name 'camera.test.ts'
      ;;
    # One machine at a time: an emulated one is slow enough.
    board)
      scripts/board.sh
      node_tests test/machine 1
      ;;
  esac
done
