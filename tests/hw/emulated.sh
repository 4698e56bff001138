#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh on the emulated kernel module: it passes there, finds a figure that differs, and says when there is no card.
#
#   emulated.sh PROGRAM KERNELS
set -u

here=$(cd "$(dirname "$0")" && pwd)
export NVRM_CLI=$1 NVRM_KERNELS=$2 NVRM_SMI=$here/smi.sh
fail() { echo "$1"; exit 1; }

# What stands in the way, each with its exit code and words.
refused() { # CODE WORDS COMMAND...
    local code=$1 words=$2 out rc
    shift 2
    out=$("$@" 2>&1 > /dev/null < /dev/null)
    rc=$?
    [ $rc = "$code" ] || fail "$*: exit code $rc, not $code: $out"
    grep -q "$words" <<< "$out" || fail "$*: says '$out', not '$words'"
}
emulated() { "$NVRM_CLI" emu exec -- "$@"; }
limited() { emulated bash -c "ulimit -n $1; exec \"\$NVRM_CLI\" -t nvidia info"; }
refused 8 "the module is release" emulated "$NVRM_CLI" -t nvidia -F 535.113.01 info
refused 3 "no card 7: it drives 1" emulated "$NVRM_CLI" -t nvidia:7 info
hit=
for n in 4 5 6 7 8 9 10 11 12; do # which one hits an open of ours depends on what the preloaded library holds
    limited $n 2>&1 > /dev/null < /dev/null | grep -q 'nvidia.*: too many open files' && hit=$n
done
[ -n "$hit" ] || fail "no limit on descriptors is told"
refused 3 "ulimit -n" limited $hit
refused 2 "maps nothing" "$NVRM_CLI" map device
[ -c /dev/nvidiactl ] || refused 3 "modprobe nvidia" "$NVRM_CLI" -t nvidia info

# Killed in the middle: what was recorded until then is whole, and the next one finds the card as it was.
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
emulated timeout -s KILL 1 "$NVRM_CLI" -t nvidia --record "$tmp/killed.trace" event watch --count 1 2> /dev/null
"$NVRM_CLI" trace show "$tmp/killed.trace" | grep -q EVENT_SET_NOTIFICATION || fail "a killed recording cannot be read"
[ "$(ls "$tmp")" = killed.trace ] || fail "a killed recording left $(ls "$tmp")"

"$NVRM_CLI" emu exec -- "$here/run.sh" || fail "run.sh fails on the emulated module"
NVRM_SMI_LIES=1 "$NVRM_CLI" emu exec -- "$here/run.sh" > /dev/null && fail "a wrong bus number passes"
NVRM_SMI_LIES=1 "$NVRM_CLI" emu exec -- "$here/run.sh" | grep -q 'pci/pci_bus .*theirs 41 .*ours 01' || fail "the difference is not told"
[ -c /dev/nvidiactl ] && exit 0
"$here/run.sh" > /dev/null
[ $? = 77 ] || fail "without a card the exit code is not 77"
