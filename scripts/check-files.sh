#!/usr/bin/env bash
# What no other linter looks at: the length of files, and words that have no place in a repository.
set -euo pipefail
cd "$(dirname "$0")/.."

max_lines=400
# Longer for a reason: the header is half contract; the lock file and the licence are not written here;
# the benchmarks' page, the bundle's plan and the schema of commands are written by a command.
long_files='^(native/include/edgepool\.h|(.*/)?package-lock\.json|LICENSE|docs/benchmarks\.md|scripts/bundle/plan\.json|docs/mqtt/set\.schema\.json)$'
status=0

complain() {
  echo "$1" >&2
  status=1
}

while IFS= read -r -d '' file; do
  [ -f "$file" ] || continue
  # A file with a NUL byte is not text.
  if ! grep -qI . "$file" && [ -s "$file" ]; then continue; fi
  lines=$(wc -l <"$file")
  if [ "$lines" -gt $max_lines ] && ! [[ $file =~ $long_files ]]; then
    complain "$file has $lines lines, more than $max_lines: split it"
  fi
done < <(git ls-files -z)

# forbid PATTERN WHY [PATHSPEC...]: no tracked text file but this one has it.
forbid() {
  local pattern=$1 why=$2 found
  shift 2
  found=$(git grep -nIE -e "$pattern" -- "$@" ':!scripts/check-files.sh' || true)
  [ -z "$found" ] || complain "$why:"$'\n'"$found"
}

forbid '(^|[^[:alnum:]_./$}{-])/(work|root|home)/[[:alnum:]]' 'a path of one machine'
forbid '"resolved":|registry\.npmjs|npm\.pkg\.github|artifactory|pkg\.dev' \
  "a package registry's host" ':!LICENSE'
forbid '\b(TODO|FIXME|XXX|HACK)\b' 'an unfinished part'
forbid '\b(it|test|describe|suite)\.(only|skip|todo)\(|\bDISABLED_' 'a test that does not run' 'test' 'native/test'
forbid '^(<<<<<<<|>>>>>>>) ' 'a conflict'
forbid '\.\./shared' 'documentation that needs files beside the checkout' '*.md' 'docs'
forbid '[[:blank:]]$' 'blanks at the end of a line' ':!*.md' ':!LICENSE' ':!*.txt'

exit $status
