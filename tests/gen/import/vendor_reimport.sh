#!/bin/sh
# SPDX-License-Identifier: MIT
# Importing a release again must change no byte of the committed schemas. With NVRM_OGKM_DIR a git repository: 570.144 and the
# newest release; a folder of checked-out trees: each of them. Skipped without the variable.
set -eu

import=$1
schemas=$2
[ -n "${NVRM_OGKM_DIR:-}" ] || exit 77

if git -C "$NVRM_OGKM_DIR" rev-parse --git-dir >/dev/null 2>&1 && [ ! -d "$NVRM_OGKM_DIR/570.144" ]; then
    newest=$(sed -n 's/^  \([0-9.]*\):.*/\1/p' "$schemas/versions.yaml" | tail -n 1)
    exec "$import" --check --out "$schemas" --git "$NVRM_OGKM_DIR" --tag 570.144 --tag "$newest"
fi
found=0
for tree in "$NVRM_OGKM_DIR"/*/; do
    [ -f "$tree/version.mk" ] || continue
    echo "$tree"
    "$import" --check --out "$schemas" "$tree"
    found=$((found + 1))
done
[ "$found" -gt 0 ]
