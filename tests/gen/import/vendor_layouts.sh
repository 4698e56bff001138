#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile the vendor's raw headers with the size and offset of every field of our schemas asserted, for each release that
# NVRM_OGKM_DIR has: a git repository with release tags, or a folder of checked-out trees. Skipped without the variable.
set -eu

import=$1
schemas=$2
[ -n "${NVRM_OGKM_DIR:-}" ] || exit 77

if git -C "$NVRM_OGKM_DIR" rev-parse --git-dir >/dev/null 2>&1 && [ ! -d "$NVRM_OGKM_DIR/570.144" ]; then
    exec "$import" --verify --out "$schemas" --git "$NVRM_OGKM_DIR" --all
fi
found=0
for tree in "$NVRM_OGKM_DIR"/*/; do
    [ -f "$tree/version.mk" ] || continue
    echo "$tree"
    "$import" --verify --out "$schemas" "$tree"
    found=$((found + 1))
done
[ "$found" -gt 0 ]
