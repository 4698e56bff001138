#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compiles the vendor's raw headers of every release found in NVRM_OGKM_DIR and asserts size and offset of every field of every
# struct of the schema.
#
#   NVRM_OGKM_DIR=DIR vendor_tables.sh NVRM-GEN SCHEMAS [RELEASE...]
#
# DIR is a git repository of the vendor's tree with release tags (bare or not), or a folder with one tree per release. Without
# NVRM_OGKM_DIR the test is skipped (77). NVRM_OGKM_RELEASES limits the releases, separated by spaces.
set -eu -o pipefail

gen=$1
schemas=$2
shift 2
[ -n "${NVRM_OGKM_DIR:-}" ] || exit 77
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is_git() { git -C "$NVRM_OGKM_DIR" rev-parse --git-dir >/dev/null 2>&1; }

# Puts the release's headers at $work/tree; fails when NVRM_OGKM_DIR lacks the release.
fetch_tree() {
    rm -rf "$work/tree"
    if [ -d "$NVRM_OGKM_DIR/$1" ]; then
        ln -s "$(readlink -f "$NVRM_OGKM_DIR/$1")" "$work/tree"
    elif is_git && git -C "$NVRM_OGKM_DIR" rev-parse -q --verify "refs/tags/$1" >/dev/null; then
        mkdir "$work/tree"
        git -C "$NVRM_OGKM_DIR" archive "$1" src/common src/nvidia/inc src/nvidia/generated src/nvidia/interface \
            src/nvidia/arch src/nvidia/Makefile $(git -C "$NVRM_OGKM_DIR" ls-tree --name-only "$1" src/nvidia/kernel) \
            | tar -x -C "$work/tree" --exclude='*.c' --exclude='*.bin*'
    else
        return 1
    fi
}

sdk_source() {
    local inc=src/common/sdk/nvidia/inc
    (cd "$work/tree/$inc" && find . -name '*.h' ! -name g_finn_rm_api.h -printf '#include "%P"\n' | LC_ALL=C sort)
}

# A header by its path, or wherever this release keeps it.
include() {
    local at=$1
    [ -f "$work/tree/$at" ] || at=$(cd "$work/tree" && find src -name "${1##*/}" | LC_ALL=C sort | head -1)
    [ -z "$at" ] || printf '#include "%s"\n' "$at"
}

driver_source() {
    local header
    printf '#include <stdatomic.h>\n#include "core/core.h"\n#include "gpu/gpu.h"\n#include "gpu/gsp/message_queue.h"\n'
    printf '#define RPC_STRUCTURES\n#define RPC_GENERIC_UNION\n#include "g_rpc-structures.h"\n#undef RPC_STRUCTURES\n'
    printf '#undef RPC_GENERIC_UNION\n#define RPC_MESSAGE_STRUCTURES\n#define RPC_MESSAGE_GENERIC_UNION\n'
    printf '#include "g_rpc-message-header.h"\n#undef RPC_MESSAGE_STRUCTURES\n#undef RPC_MESSAGE_GENERIC_UNION\n'
    # The headers that the schema's files name, by their paths in the tree.
    grep -rhoE '^source: .*path: [^,}]+' "$schemas/rm" | sed 's/.*path: //' | grep -v '^src/common/sdk/' | LC_ALL=C sort -u |
        while read -r header; do
            case $header in
            */g_rpc-* | */g_sdk-* | */sdk-structures.h | *.c) continue ;;
            *.h) include "$header" ;;
            esac
        done
    include src/nvidia/inc/kernel/gpu/fsp/kern_fsp.h
}

driver_flags() {
    sed -nE 's/^CFLAGS \+= +(-(I|D|include)[^"$]*|-I *\$\(SRC_COMMON\)[^"$]*) *$/\1/p' "$work/tree/src/nvidia/Makefile" |
        sed -E 's,^-I *\$\(SRC_COMMON\)(.*),-Isrc/common\1,; t; s,^-I *(.*),-Isrc/nvidia/\1,; s,^-include *(.*),-include src/nvidia/\1,'
    printf '%s\n' -I.
}

# Which of the names are typedefs in the preprocessed text: those stand alone, the others need their keyword.
name_types() {
    awk 'NR == FNR {
             gsub(/__attribute__ *\(\(([^()]|\([^()]*\))*\)\)/, "")
             if (match($0, /^[ \t]*typedef [^;{]*;/) || match($0, /}[^;{}]*;/)) {
                 line = substr($0, RSTART, RLENGTH)
                 first = line ~ /^}/ ? 1 : 0 # of a typedef without a body only the last word is new
                 sub(/^}/, "", line); gsub(/\[[^]]*\]/, "", line)
                 n = split(line, word, /[^A-Za-z_0-9]+/)
                 while (n > 0 && word[n] == "") n--
                 for (i = first ? 1 : n; i <= n; i++) is_type[word[i]] = 1
             }
             next
         }
         {
             while (match($0, /@(struct|union) [A-Za-z_0-9]+@/)) {
                 full = substr($0, RSTART + 1, RLENGTH - 2)
                 name = full; sub(/.* /, "", name)
                 $0 = substr($0, 1, RSTART - 1) (name in is_type ? name : full) substr($0, RSTART + RLENGTH)
             }
             print
         }' "$1" "$2"
}

# check UNIT FLAGS...: preprocess, name the types, compile.
check() {
    local unit=$1
    shift
    "${unit}_source" >"$work/$unit.c"
    (cd "$work/tree" && "$cc" -E -P -w "$@" "$work/$unit.c") >"$work/$unit.i"
    name_types "$work/$unit.i" "$work/$unit.asserts" >>"$work/$unit.i"
    (cd "$work/tree" && "$cc" -x cpp-output -std=gnu17 -fsyntax-only -w "$work/$unit.i") 2>"$work/$unit.err" || {
        head -20 "$work/$unit.err"
        return 1
    }
    grep -c _Static_assert "$work/$unit.asserts"
}

found=0
failed=0
releases=${*:-${NVRM_OGKM_RELEASES:-$(sed -nE 's/^  ([0-9][0-9.]+):.*/\1/p' "$schemas/versions.yaml")}}
for release in $releases; do
    fetch_tree "$release" || continue
    found=$((found + 1))
    "$gen" "$schemas" --vendor-asserts "$release" "$work"
    mapfile -t flags < <(driver_flags | tr ' ' '\n' | sed '/^$/d')
    ok=yes
    sdk=$(check sdk -Isrc/common/sdk/nvidia/inc -I.) || ok=no
    driver=$(check driver -Isrc/common/sdk/nvidia/inc "${flags[@]}") || ok=no
    if [ $ok = yes ]; then
        echo "$release: $sdk asserts on SDK headers, $driver on driver headers"
    else
        printf '%s: FAILED\n%s\n%s\n' "$release" "$sdk" "$driver"
        failed=$((failed + 1))
    fi
done
echo "$found releases, $failed failed"
[ $found -gt 0 ] || exit 77
[ $failed -eq 0 ]
