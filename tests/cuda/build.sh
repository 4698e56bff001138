#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles kernels/*.cu into cubin/NAME.sm_NN.cubin. Needs nvcc 13 (NVRM_NVCC says where); no test or build runs this.
# A kernel file names the SMs it is for in a line `// sm: 80 90`; without one it is for 75, 80, 86, 90, 100 and 120.
#   tests/cuda/build.sh [NAME...]     all files, or those named
#   tests/cuda/build.sh --check       compiles elsewhere and compares: the committed files are what the sources give
set -euo pipefail
cd "$(dirname "$0")/kernels"
nvcc=${NVRM_NVCC:-nvcc}
out=../cubin
check=0
if [ "${1:-}" = --check ]; then
    check=1
    out=$(mktemp -d)
    trap 'rm -rf "$out"' EXIT
    shift
fi
[ $# -gt 0 ] || set -- $(basename -s .cu -a ./*.cu)
for name in "$@"; do
    sms=$(sed -n 's|^// sm: ||p' "$name.cu")
    for sm in ${sms:-75 80 86 90 100 120}; do
        "$nvcc" -cubin -arch="sm_$sm" -O3 -o "$out/$name.sm_$sm.cubin" "$name.cu"
    done
done
if grep -lE '/(home|root|tmp|usr|work)/' "$out"/*.cubin; then
    echo "build.sh: the files above hold a path of this machine" >&2
    exit 1
fi
if [ $check = 1 ]; then
    for file in "$out"/*.cubin; do
        cmp "$file" "../cubin/$(basename "$file")"
    done
    echo "the same bytes"
fi
