#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A static library defines no global name outside its prefixes, so that it can be linked into any program.
#
#   symbols.sh 'PREFIX|PREFIX' LIBRARY...
set -eu -o pipefail

prefixes=$1
shift
for library in "$@"; do
    names=$(nm -g --defined-only "$library" | awk 'NF == 3 && $2 != "U" {print $3}' | grep -v '^__')
    [ -n "$names" ] || { echo "$library: defines nothing"; exit 1; }
    if grep -vE "^($prefixes)_" <<<"$names"; then
        echo "$library: the names above do not begin with ($prefixes)_"
        exit 1
    fi
done
