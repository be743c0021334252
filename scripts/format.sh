#!/usr/bin/env bash
# Brings every file into the formatters' shape.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.tools/bin:$PWD/node_modules/.bin:$PATH

biome check --write --colors=off .
git ls-files -z 'native/*.cpp' 'native/*.hpp' 'native/*.h' | xargs -0 -r clang-format -i
