#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kill -9 of either side at every state of the boot: the emulator takes the next client and boots for it; the client
# ends in time, with exit code 7 (device lost), and says what is gone.
# usage: kill9.sh NVRM_EMU NVRM_CLI [CHIP...]
set -euo pipefail
emu=$1 cli=$2
shift 2
chips=("${@:-AD102}")
dir=$(mktemp -d)
server= client=

finish() {
    for pid in $server $client; do kill -9 "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

await() { # FILE TEXT
    for _ in $(seq 3000); do
        grep -q "$2" "$1" 2>/dev/null && return
        sleep 0.01
    done
    fail "no '$2' in: $(cat "$1")"
}

serve() { # CHIP [OPTIONS...]
    : >"$dir/served"
    "$emu" --chip "$1" "${@:2}" --socket "$dir/card" >"$dir/served" 2>&1 &
    server=$!
    await "$dir/served" "$dir/card"
}

# A client that has run the boot up to a state and waits for its next line.
boot_until() { # STATE
    rm -f "$dir/lines"
    mkfifo "$dir/lines"
    : >"$dir/out"
    "$cli" -t "vfio-user:$dir/card" --timeout 20 shell <"$dir/lines" >"$dir/out" 2>"$dir/err" &
    client=$!
    exec 9>"$dir/lines"
    echo "boot run --until $1" >&9
    await "$dir/out" " $1 *ok"
}

killed() { # PID
    kill -9 "$1"
    wait "$1" 2>/dev/null || true
}

# The client must end by itself: its exit code is in $code.
ended() {
    for _ in $(seq 1000); do
        kill -0 "$client" 2>/dev/null || break
        sleep 0.01
    done
    kill -9 "$client" 2>/dev/null || true
    code=0
    wait "$client" || code=$?
    client=
}

boots() { # WHEN
    "$cli" -t "vfio-user:$dir/card" --timeout 20 boot run >"$dir/out" 2>"$dir/err" ||
        fail "no boot after $1: $(cat "$dir/err")"
}

lost() { # WHEN
    ended
    [ "$code" = 7 ] || fail "$1: the client ended with $code: $(cat "$dir/err")"
    grep -q 'the emulator behind the vfio-user socket is gone' "$dir/err" ||
        fail "$1: the client says $(cat "$dir/err")"
}

states=0
trap '' PIPE
for chip in "${chips[@]}"; do
    for state in $("$cli" -o csv boot plan "$chip" | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "state") n = i; next } { print $n }'); do
        serve "$chip"
        boot_until "$state"
        killed "$client"
        exec 9>&-
        boots "kill -9 of the client at $chip $state"
        boot_until "$state"
        killed "$server"
        { printf 'boot run\nboot status\n' >&9; } 2>/dev/null || true
        exec 9>&-
        lost "kill -9 of the emulator at $chip $state"
        serve "$chip"
        boots "another nvrm-emu took the socket, $chip $state"
        killed "$server"
        states=$((states + 1))
    done
done

# In the middle of a wait: for an answer, and for a register.
for fault in lost gsp-silent; do
    serve AD102 --fault "$fault"
    : >"$dir/out"
    "$cli" -t "vfio-user:$dir/card" --timeout 60 boot run >"$dir/out" 2>"$dir/err" &
    client=$!
    await "$dir/out" 'riscv-active *ok'
    sleep 0.1
    killed "$server"
    lost "kill -9 of the emulator while $fault is waited for"
done
server=
echo "$states states, either side killed at each: ok"
