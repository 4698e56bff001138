# SPDX-License-Identifier: MIT
# What the tests of an installation share: a folder that goes away, and words for what went wrong.
set -eu -o pipefail
work=$(mktemp -d "${TMPDIR:-/tmp}/nvrm-pack.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

want() { # FILE...: each is there
    local f
    for f in "$@"; do
        [ -e "$f" ] || fail "$f is not there"
    done
}

# nvrm-cli and its friends as they were installed below $1, with nothing of the build folder in reach.
check_programs() { # PREFIX
    local cli=$1/bin/nvrm-cli out
    unset NVRM_PRELOAD NVRM_IMPORT NVRM_TRACE
    out=$("$cli" -t emu:GH100 info)
    grep -q "GH100" <<<"$out" || fail "info does not name the card: $out"
    out=$("$cli" -j --version)
    grep -q '"schema_hash": "0x' <<<"$out" || fail "-j --version has no hash: $out"
    out=$("$cli" completion bash)
    cmp -s <(echo "$out") "$1/share/bash-completion/completions/nvrm-cli" || fail "completion bash is not what is installed"
    if [ -e "$1/lib/nvrm/libnvrm-preload.so" ]; then
        out=$("$cli" emu exec -- cat /proc/driver/nvidia/version) || fail "emu exec does not find its library"
        grep -q 595.45.04 <<<"$out" || fail "emu exec: no version of the module: $out"
    fi
    out=$("$cli" schema import /no/such/tree 2>&1) && fail "schema import took a tree that is not there"
    grep -q "/no/such/tree" <<<"$out" || fail "schema import does not find nvrm-import: $out"
}
