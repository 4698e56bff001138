#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The budget of the generated tables: all releases compile in at most 10 s on one core, take at most 4 MB in the binary, and need
# next to no relocations.
#
#   budget.sh CC INCLUDE-FLAGS TABLES.c
set -eu

cc=$1
flags=$2
tables=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

TIMEFORMAT=%U
# shellcheck disable=SC2086
seconds=$({ time "$cc" -O2 -fPIC $flags -c "$tables" -o "$work/tables.o" 2>"$work/err"; } 2>&1) || {
    cat "$work/err"
    exit 1
}
bytes=$(size "$work/tables.o" | awk 'NR == 2 {print $1 + $2 + $3}')
relocations=$(readelf -rW "$work/tables.o" | awk '/^Relocation section .*\.data/ {data = 1; next} /^Relocation section/ {data = 0}
    data && /R_/ {n++} END {print n + 0}')
printf '{"what": "generated tables", "compile_s": %s, "bytes": %s, "relocations": %s}\n' "$seconds" "$bytes" "$relocations"
awk -v s="$seconds" -v b="$bytes" -v r="$relocations" 'BEGIN {exit !(s <= 10 && b > 0 && b <= 4000000 && r <= 64)}'
