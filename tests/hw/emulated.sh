#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh on the emulated kernel module: it passes there, finds a figure that differs, and says when there is no card.
#
#   emulated.sh PROGRAM
set -u

here=$(cd "$(dirname "$0")" && pwd)
export NVRM_CLI=$1 NVRM_SMI=$here/smi.sh
fail() { echo "$1"; exit 1; }

"$NVRM_CLI" emu exec -- "$here/run.sh" || fail "run.sh fails on the emulated module"
NVRM_SMI_LIES=1 "$NVRM_CLI" emu exec -- "$here/run.sh" > /dev/null && fail "a wrong bus number passes"
NVRM_SMI_LIES=1 "$NVRM_CLI" emu exec -- "$here/run.sh" | grep -q 'pci/pci_bus .*theirs 41 .*ours 01' || fail "the difference is not told"
[ -c /dev/nvidiactl ] && exit 0
"$here/run.sh" > /dev/null
[ $? = 77 ] || fail "without a card the exit code is not 77"
