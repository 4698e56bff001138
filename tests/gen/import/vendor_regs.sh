#!/bin/sh
# SPDX-License-Identifier: MIT
# The registers of schemas/hw/regs against the vendor's headers of the release that they name: the importer would write the
# same files, and the C compiler agrees with every offset, stride, bit and value. NVRM_OGKM_DIR is a git repository with
# release tags, or a folder of checked-out trees; skipped without it.
set -eu

import=$1
schemas=$2
[ -n "${NVRM_OGKM_DIR:-}" ] || exit 77

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tag=$(sed -n 's/^source:.* tag: \([0-9.]*\),.*/\1/p' "$schemas"/hw/regs/*.yaml | sort -u)
[ "$(echo "$tag" | wc -l)" -eq 1 ] || { echo "several releases: $tag"; exit 1; }
tree=$NVRM_OGKM_DIR/$tag
if [ ! -d "$tree" ]; then
    git -C "$NVRM_OGKM_DIR" rev-parse -q --verify "$tag^{commit}" >/dev/null || exit 77
    tree=$scratch/tree
    mkdir "$tree"
    git -C "$NVRM_OGKM_DIR" archive "$tag" version.mk src/common/inc/swref/published \
        src/common/sdk/nvidia/inc | tar x -C "$tree"
fi

"$import" --regs --check --out "$schemas" "$tree"

# A field is hi:lo, so that (1 ? FIELD) is its high bit and (0 ? FIELD) its low one.
asserts=0
for yaml in "$schemas"/hw/regs/*.yaml; do
    awk '
        function is(name, value) { printf "_Static_assert((%s) == (%s), \"%s\");\n", name, value, name }
        /^source:/ {
            s = $0; sub(/.*paths: \[/, "", s); sub(/\]\}.*/, "", s)
            n = split(s, path, ", ")
            for (i = 1; i <= n; i++) printf "#include \"%s\"\n", path[i]
        }
        /^constants:/ { constants = 1 }
        constants && /^  NV_/ && !/__(BASE|LAST):/ { split($0, p, ": "); sub(/^  /, "", p[1]); is(p[1], p[2]) }
        !constants && /^  NV_/ {
            name = $1; sub(/:$/, "", name)
            head = $0; sub(/, fields:.*/, "", head)
            off = head; sub(/.*offset: /, "", off); sub(/[,}].*/, "", off)
            step = head; if (!sub(/.*stride: /, "", step)) step = ""; sub(/[,}].*/, "", step)
            step2 = head; if (!sub(/.*stride2: /, "", step2)) step2 = ""; sub(/[,}].*/, "", step2)
            if (step2 != "") { is(name "(0, 0)", off); is(name "(1, 0)", off " + " step); is(name "(0, 1)", off " + " step2) }
            else if (step != "") { is(name "(0)", off); is(name "(1)", off " + " step) }
            else is(name, off)
            rest = $0
            while (match(rest, /"[A-Za-z0-9_]+": \{bits: \[[0-9]+, [0-9]+\]/)) {
                one = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
                split(one, q, "\""); b = one; sub(/.*\[/, "", b); split(b, hl, /[],]/)
                is("1 ? " name "_" q[2], hl[1]); is("0 ? " name "_" q[2], hl[2] + 0)
                if (substr(rest, 1, 10) == ", values: ") {
                    v = rest; sub(/^, values: \{/, "", v); sub(/\}.*/, "", v)
                    m = split(v, pair, ", ")
                    for (i = 1; i <= m; i++) { split(pair[i], kv, "\""); x = pair[i]; sub(/.*: /, "", x); is(name "_" q[2] "_" kv[2], x) }
                }
            }
        }' "$yaml" >"$scratch/check.c"
    ${CC:-cc} -std=c11 -w -fsyntax-only -I "$tree" -I "$tree/src/common/sdk/nvidia/inc" "$scratch/check.c"
    asserts=$((asserts + $(grep -c _Static_assert "$scratch/check.c" || true)))
done
echo "$asserts asserts, all true"
[ "$asserts" -gt 2000 ]
