#!/usr/bin/env bash
# Trains the detector of the pattern's shapes: bundled first, since the gradients of tfjs are no
# modules that Node finds by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
bundle=build/train-shapes.mjs
node_modules/.bin/esbuild scripts/train-shapes.ts --bundle --platform=node --format=esm \
  --main-fields=module,main --log-level=warning --outfile=$bundle \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
node $bundle scripts/models/shapes "$@"
