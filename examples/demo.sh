#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One session on the emulated GPU, with the commands shown: what `./bootstrap demo` prints and README.md quotes.
set -euo pipefail
cli=$(realpath "${1:-build/dev/cli/nvrm-cli}")
cd "$(dirname "$0")"

show() {
    echo "\$ nvrm-cli $(printf '%q ' "$@" | sed "s/\\\\ / /g; s/ *$//")"
    "$cli" "$@"
    echo
}

show info
show ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 'fbInfoList=[{"index":"TOTAL_RAM_SIZE"},{"index":"BUS_WIDTH"}]'
show -e 'vas = alloc device FERMI_VASPACE_A' -e 'alloc device KEPLER_CHANNEL_GROUP_A engineType=NV2080_ENGINE_TYPE_GR0' -e tree
for release in 535.113.01 570.144 580.126.20 595.45.04; do
    show -F "$release" run bringup.json
done
show schema diff 570.144 575.51.02 rpc_gsp_rm_control_v03_00
