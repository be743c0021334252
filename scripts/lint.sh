#!/usr/bin/env bash
# Everything that judges the text of the program without running it, cheapest first.
set -euo pipefail
cd "$(dirname "$0")/.."
steps_total=7
log_dir=build/log
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

export PATH=$PWD/.tools/bin:$PWD/node_modules/.bin:$PATH
mapfile -t shell_files < <(git ls-files '*.sh' .ci/run)
mapfile -t native_files < <(git ls-files 'native/*.cpp' 'native/*.hpp' 'native/*.h')

# tidy_native: over what the build compiles, with the flags it compiles with.
tidy_native() {
  cmake -S native -B build/native -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
  run-clang-tidy -quiet -j "$(nproc)" -p build/native "$PWD/native/"
}

run_step files "files" scripts/check-files.sh
run_step shell "shell (shellcheck)" shellcheck -x "${shell_files[@]}"
run_step biome "format and lint (biome)" biome ci --colors=off --error-on-warnings .
run_step imports "imports (dependency-cruiser)" depcruise --config .dependency-cruiser.cjs app test scripts
run_step types "types (tsc)" tsc --noEmit
run_step clang-format "native format (clang-format)" clang-format --dry-run -Werror "${native_files[@]}"
run_step clang-tidy "native lint (clang-tidy)" tidy_native
