#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The programs together: nvrm-emu serves cards, nvrm-cli boots them from outside, either may be killed.
# usage: nvrm_emu.sh NVRM_EMU NVRM_CLI
set -euo pipefail
emu=$1 cli=$2
dir=$(mktemp -d)
server=

finish() {
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

start() { # OPTIONS...
    "$emu" "$@" >"$dir/out" &
    server=$!
    for _ in $(seq 100); do
        [ "$(wc -l <"$dir/out")" -ge 1 ] && return
        sleep 0.05
    done
    fail "nvrm-emu $* does not get ready"
}

expect() { # CODE COMMAND...
    local want=$1 got=0
    shift
    "$@" >"$dir/stdout" 2>"$dir/stderr" || got=$?
    [ "$got" = "$want" ] || fail "$* ended with $got, not $want: $(cat "$dir/stderr")"
}

expect 0 "$emu" --list
grep -q '^AD102 ' "$dir/stdout" || fail "--list names no AD102"
expect 2 "$emu"
expect 2 "$emu" --chip AD999 --socket "$dir/x"
expect 2 "$emu" --vram 5 --socket "$dir/x"
expect 2 "$emu" --fw 1.2.3 --socket "$dir/x"
for typo in "--chip AD12 AD102" "--fw 595.45.4 595.45.04" "--fault wpr2up wpr2-up" "--vram 0 8G"; do
    read -r option value meant <<<"$typo"
    expect 2 "$emu" "$option" "$value" --socket "$dir/x"
    grep -q "$meant" "$dir/stderr" || fail "$option $value suggests no $meant: $(cat "$dir/stderr")"
done
expect 3 "$emu" --socket "$dir/no/such/folder"

expect 2 "$emu" --fault gremlins --socket "$dir/x"
expect 2 "$emu" --chip GH100 --fault booter-error --socket "$dir/x"
expect 0 "$emu" --list-faults
grep -q '^wpr2-up ' "$dir/stdout" || fail "--list-faults names no wpr2-up"

start --chip GA102 --fault booter-error:0x31 --socket "$dir/f"
expect 6 "$cli" -t "vfio-user:$dir/f" boot run
grep -q 'MAILBOX0 reads 0x31' "$dir/stderr" || fail "--fault booter-error:0x31 says $(cat "$dir/stderr")"
expect 0 "$cli" -t "vfio-user:$dir/f" boot run # the card was reset
kill "$server"
wait "$server" || fail "nvrm-emu did not end well"

start --chip AD102 --vram 4G --socket "$dir/a" --chip GH100 --socket "$dir/b"
expect 0 "$cli" -t "vfio-user:$dir/a" info
grep -q 'over vfio-user' "$dir/stdout" || fail "info does not say vfio-user"
expect 0 "$cli" -t "vfio-user:$dir/a" boot status
grep -q 'memory_mib *= 4096' "$dir/stdout" || fail "--vram 4G is not seen: $(cat "$dir/stdout")"
expect 0 "$cli" -t "vfio-user:$dir/b" boot plan
grep -qi 'fsp' "$dir/stdout" || fail "the plan of GH100 has no FSP"
expect 0 "$cli" -t "vfio-user:$dir/b" boot run
expect 3 "$emu" --socket "$dir/a" # taken
for _ in 1 2 3; do
    "$cli" -t "vfio-user:$dir/a" info >/dev/null 2>&1 &
    sleep 0.01
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
done
expect 0 "$cli" -t "vfio-user:$dir/a" info
kill -9 "$server"
wait "$server" 2>/dev/null || true
expect 3 "$cli" -t "vfio-user:$dir/a" info
start --socket "$dir/a" # over the dead socket
expect 0 "$cli" -t "vfio-user:$dir/a" info
kill "$server"
wait "$server" || fail "nvrm-emu did not end well"
[ ! -e "$dir/a" ] || fail "the socket was left behind"
server=
echo ok
