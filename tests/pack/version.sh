#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Which commit a build says it is: in a checkout, in a tarball of `git archive`, and in a tree that has neither.
#
#   version.sh CMAKE SOURCE
. "$(dirname "$0")/lib.sh"
cmake=$1 source=$2

describe() { # TREE
    # shellcheck disable=SC2016
    printf 'set(PROJECT_SOURCE_DIR "%s")\nset(PROJECT_VERSION 9.8.7)\ninclude(%s/cmake/version.cmake)\nmessage("${NVRM_DESCRIBE}")\n' \
        "$1" "$1" >"$work/ask.cmake"
    "$cmake" -P "$work/ask.cmake" 2>&1
}

mkdir "$work/bare"
cp -r "$source/cmake" "$work/bare"
grep -q 'Format:' "$work/bare/cmake/commit.txt" || skip "this tree is a tarball already"
said=$(describe "$work/bare")
[ "$said" = 9.8.7 ] || fail "a tree without git or a commit says: $said"

git -C "$source" rev-parse -q HEAD >/dev/null 2>&1 || skip "this tree is no checkout"
commit=$(git -C "$source" rev-parse --short=7 HEAD)
said=$(describe "$source")
[[ $said == *$commit* || -n $(git -C "$source" tag --points-at HEAD) ]] || fail "a checkout of $commit says: $said"
mkdir "$work/tarball"
git -C "$source" archive HEAD cmake .gitattributes | tar -x -C "$work/tarball"
said=$(describe "$work/tarball")
[[ $said == $commit* ]] || fail "a tarball of $commit says: $said"
echo "checkout and tarball say $commit"
