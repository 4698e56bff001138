#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang-tidy over all C files but the tests, as many at once as there are processors. A clean file is remembered under
# build/tidy by what the preprocessor makes of it, so that only changes cost time. Usage: scripts/tidy.sh [FILE.c...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/clang
export CACHE=$PWD/build/tidy
mkdir -p "$CACHE"
if ! { [ -f $build/compile_commands.json ] || cmake --preset clang >/dev/null; } ||
    ! cmake --build --preset clang --target nvrm_schema_files nvrm_regs_files nvrm_hw_files nvrm_sass_files >/dev/null; then
    echo "$build: error: the generated headers cannot be made" && exit 1
fi

# FILE FOLDER COMMAND: lints one file, unless the same words were clean before.
one() {
    local file=$1 dir=$2 command=$3 key out
    key=$({ cat .clang-tidy "$file"; (cd "$dir" && eval "$command"); } | sha256sum | cut -d' ' -f1)
    [ ! -e "$CACHE/$key" ] || return 0
    if out=$(clang-tidy --quiet -p build/clang "$file" 2>/dev/null); then
        : >"$CACHE/$key"
    else
        echo "$out" | grep -E '(warning|error):' || echo "$file: error: clang-tidy failed on it"
        return 1
    fi
}
export -f one
export LC_ALL=C

# FILE NUL FOLDER NUL COMMAND NUL for every file: CMake writes one member of a row per line.
files() {
    local -A seen
    local dir command file
    sed -n 's/\\"/"/g; s/\\\\/\\/g; s/^ *"\(directory\|command\|file\)": "\(.*\)",\?$/\2/p' $build/compile_commands.json |
        while IFS= read -r dir && IFS= read -r command && IFS= read -r file; do
            file=${file#"$PWD"/}
            case $file in /* | tests/* | build*) continue ;; esac
            [ -z "${seen[$file]:-}" ] || continue # a file of several targets
            seen[$file]=1
            [ $# -eq 0 ] || [[ " $* " == *" $file "* ]] || continue
            printf '%s\0%s\0%s\0' "$file" "$dir" "${command%% -o *} -E -P $PWD/$file"
        done
}

files "$@" | xargs -0 -r -P "$(nproc)" -n 3 bash -c 'one "$@"' tidy
