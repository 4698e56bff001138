#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Instructions per call, counted by callgrind, against bench/budget.txt: a gate that does not depend on the machine's load.
# The cost of one call is the difference of two counts of calls. Usage: gate.sh BENCH-FOLDER [--update]
set -euo pipefail
folder=$1
budget=$(dirname "$0")/budget.txt
low=50 high=250

command -v valgrind >/dev/null || { echo "valgrind is not installed: nothing was counted"; exit 77; }

instructions() { # PROGRAM CASE SIDE CALLS
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/bench_$1" --only "$2" --side "$3" --count "$4" 2>&1 |
        sed -n 's/.*Collected : //p'
}

failed=0
updated=""
while IFS='|' read -r program which side limit; do
    a=$(instructions "$program" "$which" "$side" "$low")
    b=$(instructions "$program" "$which" "$side" "$high")
    each=$(((b - a) / (high - low)))
    if [ "${2:-}" = --update ]; then
        updated+="$program|$which|$side|$((each + each / 5 + 20))"$'\n'
        continue
    fi
    verdict=ok
    if [ "$each" -le 0 ] || [ "$each" -gt "$limit" ]; then
        verdict="over budget"
        failed=1
    fi
    printf '{"bench":"%s","case":"%s","what":"%s","value":%d,"unit":"instructions","budget":%d,"verdict":"%s"}\n' \
        "$program" "$which" "$side" "$each" "$limit" "$verdict"
done < <(grep -v '^#' "$budget")
if [ "${2:-}" = --update ]; then
    { grep '^#' "$budget"; printf '%s' "$updated"; } >"$budget.new" && mv "$budget.new" "$budget"
fi
exit $failed
