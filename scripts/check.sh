#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The full local gate: formatting, lint, a word list, then what CI runs. Usage: scripts/check.sh [--fast] (without the tests).
set -euo pipefail
cd "$(dirname "$0")/.."
rc=0
step() { echo "== $*"; }

step "clang-format"
git ls-files '*.c' '*.h' ':!tests/gen/golden' | xargs -r clang-format --dry-run --Werror || rc=1

step "clang-tidy"
[ -f build/clang/compile_commands.json ] || { cmake --preset clang >/dev/null && cmake --build --preset clang >/dev/null; }
git ls-files 'libgsp/src/*.c' 'rm-api/src/*.c' 'emu/src/*.c' 'cli/*.c' 'gen/*.c' |
    xargs -r -P "$(nproc)" -n 4 clang-tidy --quiet -p build/clang 2>/dev/null | grep -E 'warning:|error:' && rc=1

step "unfinished work"
git grep -nIwE 'TODO|FIXME|XXX' -- '*.c' '*.h' '*.sh' '*.yaml' ':!schemas/rm' ':!scripts/check.sh' && rc=1

if [ "${1:-}" != --fast ]; then
    step "tests"
    .ci/run || rc=1
fi
exit $rc
