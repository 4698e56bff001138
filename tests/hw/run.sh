#!/bin/bash
# SPDX-License-Identifier: MIT
# A card with nvidia.ko: what nvrm-cli says and does there. Reads, makes objects of its own, frees them again;
# writes nothing outside of its temporary folder. Exit code 0 all well, 1 something was not, 77 no card.
#
#   tests/hw/run.sh [CARD]        CARD is a number of -t nvidia:N, default 0
#   NVRM_CLI   the program to test, such as a carried static one; without it one is built in the temporary folder
#   NVRM_KERNELS  tests/cuda/test_cuda_kernels of a build; without it no kernel runs
#   NVRM_SMI   the card's own nvidia-smi (default: nvidia-smi of PATH); without one nothing is compared
set -u

here=$(cd "$(dirname "$0")" && pwd)
card=${1:-0}
smi=${NVRM_SMI:-$(command -v nvidia-smi)}
failed=0 passed=0 skipped=0

if ! [ -c /dev/nvidiactl ]; then
    echo "no card: /dev/nvidiactl is missing (module not loaded, or nvidia-modprobe -c 0)"
    exit 77
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM

ok() { passed=$((passed + 1)); echo "ok    $1"; }
skip() { skipped=$((skipped + 1)); echo "skip  $1: $2"; }
bad() { failed=$((failed + 1)); echo "FAIL  $1: $2"; [ -s "$tmp/err" ] && sed 's/^/      /' "$tmp/err"; return 1; }

cli=${NVRM_CLI:-}
if [ -z "$cli" ]; then
    echo "building; NVRM_CLI=FILE takes a program that is there"
    cmake -S "$here/../.." -B "$tmp/build" -G Ninja -DCMAKE_BUILD_TYPE=Release > "$tmp/log" 2>&1 &&
        cmake --build "$tmp/build" --target nvrm-cli >> "$tmp/log" 2>&1 || { tail -20 "$tmp/log"; exit 1; }
    cli=$tmp/build/cli/nvrm-cli
fi

nvrm() { "$cli" -t "nvidia:$card" --color never --timeout 10 "$@" < /dev/null 2> "$tmp/err"; }

# try NAME COMMAND...: its output stays in $tmp/out
try() { local name=$1; shift; if "$@" > "$tmp/out"; then ok "$name"; else bad "$name" "exit code $?"; fi; }

# What others hold open: descriptors of NVIDIA's nodes in the processes that may be looked at.
held() { local n=0 l; for l in /proc/[0-9]*/fd/*; do case $(readlink "$l" 2> /dev/null) in /dev/nvidia*) n=$((n + 1)) ;; esac; done; echo "$n"; }
clients() { [ -n "$smi" ] && "$smi" --query-compute-apps=pid --format=csv,noheader 2> /dev/null | sort; }

held_before=$(held)
clients_before=$(clients)

# The module and the card

try "list" nvrm -j list
if nvrm -j info > "$tmp/info"; then
    ok "info: $(sed -n 's/^  "name": "\(.*\)",/\1/p; s/^  "release": "\(.*\)",/, \1/p' "$tmp/info" | tr -d '\n')"
else
    bad "info" "exit code $?"
fi

# Objects: they are in the tree while they live, and not after

if nvrm --policy standard -e 'v = alloc device FERMI_VASPACE_A' -e tree -e 'free $v' -e tree > "$tmp/out"; then
    [ "$(grep -c '─ .*FERMI_VASPACE_A' "$tmp/out")" = 1 ] && ok "alloc, tree, free" || bad "alloc, tree, free" "the tree is wrong"
else
    bad "alloc, tree, free" "exit code $?"
fi
if nvrm --policy standard -e 'v = alloc device FERMI_VASPACE_A --as v' -e 'dup device v --as w' -e tree > "$tmp/out"; then
    [ "$(grep -c '(w)' "$tmp/out")" = 1 ] && ok "dup" || bad "dup" "no second handle in the tree"
else
    bad "dup" "exit code $?"
fi
if nvrm --policy standard -e 'm = alloc device NV01_MEMORY_LOCAL_USER size=0x10000' -e 'dup device $m --as w --descriptor' -e tree > "$tmp/out"; then
    [ "$(grep -c '(w)' "$tmp/out")" = 1 ] && ok "an object as a descriptor" || bad "an object as a descriptor" "not in the tree"
else
    bad "an object as a descriptor" "exit code $?"
fi
nvrm ctl subdevice NV2080_CTRL_CMD_GR_GET_INFO grInfoListSize=2 > "$tmp/out" && grep -q 'grInfoList\[1\].data' "$tmp/out" &&
    ok "ctl with a pointer" || skip "ctl with a pointer" "$(head -1 "$tmp/err")"
nvrm ctl subdevice 0x20801fff > "$tmp/out"
[ $? = 4 ] || [ $? = 5 ] && ok "an unknown control is refused" || bad "an unknown control is refused" "it was not"

# Memory: fresh pages of the machine, mapped into this process

if nvrm --policy standard -e 'm = alloc device NV01_MEMORY_SYSTEM {"size": "0x2000"}' -e 'map $m --bytes 64 --offset 0x1000' > "$tmp/out"; then
    [ "$(grep -c '^000010[0-3]0 ' "$tmp/out")" = 4 ] && ok "map memory" || bad "map memory" "not 64 bytes"
else
    bad "map memory" "exit code $?"
fi

# Buffers and the copy engine: bytes move, and how fast

if nvrm --policy standard mem copy 64M 64M --verify > "$tmp/out" && grep -q '^verified = yes' "$tmp/out"; then
    ok "copy engine: $(sed -n 's/^gb_per_s = //p' "$tmp/out") GB/s"
else
    bad "copy engine" "$(tail -1 "$tmp/err")"
fi
nvrm --policy standard -e 'chan create copy --name c' -e 'chan list' > "$tmp/out" && ok "a channel" || bad "a channel" "exit code $?"

# Kernels: every cubin of tests/cuda for this card's SM, against a processor

if [ -z "${NVRM_KERNELS:-}" ]; then
    skip "kernels" "NVRM_KERNELS=FILE names tests/cuda/test_cuda_kernels of a build"
elif NVRM_RIG=nvidia "$NVRM_KERNELS" > "$tmp/out" 2> "$tmp/err"; then
    ok "kernels: $(grep -c '^\[       OK' "$tmp/out" "$tmp/err" | awk -F: '{n += $NF} END {print n}') of them equal"
else
    grep -h 'FAILED' "$tmp/out" "$tmp/err" | head -5
    bad "kernels" "results differ"
fi

# Events: a subscription is taken; none has to come

"$cli" -t "nvidia:$card" --timeout 0.5 event watch --count 1 > "$tmp/out" 2> "$tmp/err" < /dev/null
case $? in 0 | 6 | 130) ok "event watch" ;; *) bad "event watch" "exit code $?" ;; esac

# Recording, and what was recorded as a card

if nvrm --record "$tmp/s.trace" info > "$tmp/out" && "$cli" -t "replay:$tmp/s.trace" -j info > "$tmp/again" 2> "$tmp/err"; then
    grep -v '"transport"' "$tmp/info" > "$tmp/a"; grep -v '"transport"' "$tmp/again" > "$tmp/b"
    diff "$tmp/a" "$tmp/b" > "$tmp/err" && ok "record and replay" || bad "record and replay" "the answers differ"
else
    bad "record and replay" "exit code $?"
fi

# The card's own tool, watched and compared

if [ -z "$smi" ]; then
    skip "trace exec" "no nvidia-smi"
    skip "compare" "no nvidia-smi"
else
    if "$cli" trace exec --summary -- "$smi" -L > "$tmp/out" 2> "$tmp/err" < /dev/null; then
        grep -q 'NV_ESC_RM_\|RM_ALLOC\|RM_CONTROL\|NV0000' "$tmp/out" "$tmp/err" && ok "trace exec nvidia-smi" ||
            bad "trace exec nvidia-smi" "no call was seen"
    else
        bad "trace exec nvidia-smi" "exit code $?"
    fi
    NVRM_CLI=$cli NVRM_SMI=$smi "$here/compare.sh" "$card" "$tmp/info" > "$tmp/compared" 2> "$tmp/err"
    rc=$?
    cat "$tmp/compared"
    [ $rc = 0 ] && ok "compare" || bad "compare" "fields differ"
fi

# Nothing stays

[ "$(held)" -le "$held_before" ] && ok "no descriptor is left" || bad "no descriptor is left" "$held_before before, $(held) after"
[ "$(clients)" = "$clients_before" ] && ok "no process is left" || bad "no process is left" "$(clients)"

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
