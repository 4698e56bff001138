#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The vendor's own class headers say what schemas/hw says: importing them again changes nothing, and the C compiler agrees with
# every address, bit range and value.
#
#   NVRM_OGPD_DIR=DIR [NVRM_OGKM_DIR=DIR] vendor_classes.sh NVRM-IMPORT SCHEMAS NVRM-HW
#
# NVRM_OGPD_DIR is NVIDIA's open-gpu-doc, a git repository (bare or not) or a tree. NVRM_OGKM_DIR is open-gpu-kernel-modules, a
# repository with tags or a folder with one tree per release; without it the channel classes of Hopper and Blackwell are left out.
# Without NVRM_OGPD_DIR the test is skipped (77).
set -eu -o pipefail

import=$1
schemas=$2
hw=$3
[ -n "${NVRM_OGPD_DIR:-}" ] || { echo "skipped: NVRM_OGPD_DIR does not name NVIDIA's open-gpu-doc"; exit 77; }
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

commit=$(sed -n 's/^source: .*commit: \([0-9a-f]*\).*/\1/p' "$schemas/hw/classes/c5b5.yaml")
tag=$(sed -n 's/^source: .*tag: \([0-9.]*\).*/\1/p' "$schemas/hw/classes/c86f.yaml")

doc=$NVRM_OGPD_DIR
if git -C "$doc" rev-parse -q --verify "$commit" >/dev/null 2>&1; then
    mkdir "$work/doc"
    git -C "$doc" archive "$commit" classes MME-MacroMethodExpander | tar -x -C "$work/doc"
    doc=$work/doc
fi

sdk=
if [ -d "${NVRM_OGKM_DIR:-/nonexistent}/$tag" ]; then
    sdk=$NVRM_OGKM_DIR/$tag
elif [ -n "${NVRM_OGKM_DIR:-}" ] && git -C "$NVRM_OGKM_DIR" rev-parse -q --verify "refs/tags/$tag" >/dev/null 2>&1; then
    mkdir "$work/sdk"
    git -C "$NVRM_OGKM_DIR" archive "$tag" version.mk src/common/sdk | tar -x -C "$work/sdk"
    sdk=$work/sdk
fi

if [ -n "$sdk" ] && git -C "$NVRM_OGPD_DIR" rev-parse -q --verify "$commit" >/dev/null 2>&1; then
    "$import" --classes --git "$NVRM_OGPD_DIR" --tag "$commit" --sdk "$sdk" --out "$schemas" --check
fi

# The method expander's enumerations, which are written by hand.
if [ -d "$doc/MME-MacroMethodExpander" ]; then
    for what in op:ALU0_OP out:OUT0_EMIT pred:PRED_MODE reg:ALU0_SRC0; do
        line=$(grep "^    ${what#*:}:" "$schemas/hw/mme/c597.yaml")
        n=0
        for name in $(sed -n '/^enum .*Enum {/,/^};/p' "$doc/MME-MacroMethodExpander/tu104/${what%:*}.h" |
            sed -n 's/^    \([A-Z0-9_]*\),$/\1/p'); do
            [[ $line == *" $name: $n"[,}]* ]] || { echo "${what#*:}: $name is not $n"; exit 1; }
            n=$((n + 1))
        done
        [ "$n" -ge 11 ]
    done
fi

mkdir "$work/asserts" "$work/inc"
echo 'typedef unsigned NvU32; typedef unsigned char NvU8; typedef unsigned short NvU16; typedef unsigned long long NvU64;' \
    >"$work/inc/nvtypes.h"
"$hw" --asserts "$work/asserts" "$schemas"/hw/{classes,qmd,tex,sph}/*.yaml
compiled=0
for file in "$work"/asserts/*.c; do
    if grep -q '^#include "src/common' "$file" && [ -z "$sdk" ]; then
        continue
    fi
    "$cc" -std=c17 -fsyntax-only -include nvtypes.h -I "$doc" ${sdk:+-I "$sdk"} -I "$work/inc" "$file"
    compiled=$((compiled + 1))
done
echo "$compiled headers agree"
[ "$compiled" -ge 41 ]
