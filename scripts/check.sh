#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The full local gate: formatting, lint, a word list, then what CI runs. Usage: scripts/check.sh [--fast] (without the tests).
set -euo pipefail
cd "$(dirname "$0")/.."
rc=0
step() { echo "== $*"; }

# Shows what a step found, and how much that is.
found() { # TEXT
    [ -z "$1" ] || { echo "$1"; rc=1; }
    echo "-- $(grep -c . <<<"$1" || true) found"
}

step "clang-format"
found "$(git ls-files '*.c' '*.h' ':!tests/gen/golden' | xargs clang-format --dry-run --Werror 2>&1 | grep 'error:' || true)"

step "clang-tidy"
found "$(scripts/tidy.sh || true)"

step "unfinished work"
found "$(git grep -nIwE 'TODO|FIXME|XXX' -- '*.c' '*.h' '*.sh' '*.yaml' ':!schemas/rm' ':!scripts/check.sh' || true)"

if [ "${1:-}" != --fast ]; then
    step "tests"
    .ci/run || rc=1
fi
exit $rc
