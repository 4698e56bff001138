#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes the transcript of the demo into README.md. With --check: fails when README.md does not show what the demo prints.
set -euo pipefail
cd "$(dirname "$0")/.."
cli=${NVRM_CLI:-build/dev/cli/nvrm-cli}
session=$(examples/demo.sh "$cli")
new=$(awk -v session="$session" '
    /<!-- demo: begin/ { print; print "```"; print session; print "```"; skip = 1; next }
    /<!-- demo: end/ { skip = 0 }
    !skip { print }' README.md)
if [ "${1:-}" = --check ]; then
    diff <(printf '%s\n' "$new") README.md && echo "README.md shows what the demo prints"
else
    printf '%s\n' "$new" >README.md
fi
