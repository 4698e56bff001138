#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Entries of page tables as libnvmem writes and names them, beside the vendor's dev_mmu.h of the newest release found in
# NVRM_OGKM_DIR (a git repository of the vendor's tree, or a folder with one tree per release). Skipped (77) without it.
#
#   NVRM_OGKM_DIR=DIR vendor_mmu.sh SOURCE INCLUDE... -- LIBRARY...
set -eu -o pipefail

source=$1
shift
includes=()
while [ "$1" != -- ]; do
    includes+=(-I"$1")
    shift
done
shift
[ -n "${NVRM_OGKM_DIR:-}" ] || exit 77
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The header of a chip at $work/NAME; fails when the tree lacks it.
fetch() {
    local path=$2 tag
    if git -C "$NVRM_OGKM_DIR" rev-parse --git-dir >/dev/null 2>&1; then
        tag=$(git -C "$NVRM_OGKM_DIR" tag | grep -E '^[0-9.]+$' | sort -V | tail -1)
        git -C "$NVRM_OGKM_DIR" show "$tag:$path" >"$work/$1" 2>/dev/null
    else
        tag=$(cd "$NVRM_OGKM_DIR" && printf '%s\n' [0-9]* | sort -V | tail -1)
        cp "$NVRM_OGKM_DIR/$tag/$path" "$work/$1" 2>/dev/null
    fi
}

run() { # VERSION FORMAT HEADER
    "$cc" -std=gnu17 -DVERSION="$1" -DFORMAT="$2" "${includes[@]}" -include "$work/$3" "$source" -o "$work/check" \
        -Wl,--start-group "${libraries[@]}" -Wl,--end-group -lz -ljansson -pthread
    "$work/check" || failed=1
}

libraries=("$@")
failed=0
uvm=kernel-open/nvidia-uvm/hwref published=src/common/inc/swref/published
fetch tu102.h $uvm/turing/tu102/dev_mmu.h && fetch gh100.h $published/hopper/gh100/dev_mmu.h || exit 77
run 2 NVMEM_PT_V2 tu102.h
run 2 NVMEM_PT_V2_512M tu102.h
run 3 NVMEM_PT_V3 gh100.h
run 3 NVMEM_PT_V3_256G gh100.h
exit $failed
