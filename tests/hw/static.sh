#!/bin/bash
# SPDX-License-Identifier: MIT
# A static nvrm-cli needs no library, and works alone in an empty folder.
#
#   static.sh PROGRAM
set -u

fail() { echo "$1"; exit 1; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

readelf -d "$1" 2> /dev/null | grep -q NEEDED && fail "$1 needs libraries"
readelf -l "$1" | grep -q INTERP && fail "$1 asks for a loader"
cp "$1" "$tmp/nvrm-cli" && cd "$tmp" || exit 1
for args in -V list info "boot run" "ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME_STRING" "schema stat" "pci list"; do
    env -i ./nvrm-cli $args > out 2> err < /dev/null
    rc=$?
    [ $rc = 0 ] || [ "$args $rc" = "pci list 3" ] || fail "nvrm-cli $args: exit code $rc: $(head -1 err)"
done
[ "$(ls)" = "$(printf 'err\nnvrm-cli\nout')" ] || fail "it left files: $(ls)"
env -i ./nvrm-cli -t nvidia info > out 2> err
rc=$?
[ -e /dev/nvidiactl ] || [ $rc = 3 ] || fail "without a module the exit code is $rc, not 3"
