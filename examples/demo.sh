#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One session on the emulated GPU, with the commands shown: what `./bootstrap demo` prints and README.md quotes.
set -euo pipefail
cli=$(realpath "${1:-build/dev/cli/nvrm-cli}")
cd "$(dirname "$0")"

show() {
    local line="" word
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./=-]*) line+=" '$word'" ;;
        *) line+=" $word" ;;
        esac
    done
    echo "\$ nvrm-cli$line"
    "$cli" "$@"
    echo
}

show info
show ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 '{"fbInfoList": [{"index": "TOTAL_RAM_SIZE"}, {"index": "BUS_WIDTH"}]}' -j
show -e 'alloc device FERMI_VASPACE_A --as vas' -e 'alloc device KEPLER_CHANNEL_GROUP_A engineType=NV2080_ENGINE_TYPE_GR0 --as group' -e tree
for release in 535.113.01 570.144 580.126.20 595.45.04; do
    show -F "$release" run bringup.json
done
show schema diff 570.144 575.51.02 rpc_gsp_rm_control_v03_00
show launch ../tests/cuda/cubin/saxpy.sm_89.cubin saxpy --grid 1 --block 32 --arg s32:8 --arg f32:2.5 --arg buf:size=32,fill=f32:3 --arg buf:size=32,fill=f32:1,print=f32
