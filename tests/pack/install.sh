#!/bin/bash
# SPDX-License-Identifier: MIT
#
# An installation works from any place, a program outside of the tree is built with pkg-config (and CMake) alone, and
# uninstall takes everything away.
#
#   install.sh CMAKE BUILD SOURCE CC [CFLAGS]
. "$(dirname "$0")/lib.sh"
cmake=$1 build=$2 source=$3 cc=$4 cflags=${5:-}

# The manifest of the user's own installation is put back at the end.
mkdir "$work/manifests"
cp -p "$build"/install_manifest*.txt "$work/manifests" 2>/dev/null || true
put_back() {
    rm -f "$build"/install_manifest*.txt
    cp -p "$work"/manifests/*.txt "$build" 2>/dev/null || true
    rm -rf "$work"
}
trap put_back EXIT

DESTDIR=$work/root "$cmake" --install "$build" --prefix /opt/nvrm >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
grep -q . "$build/install_manifest.txt" || fail "no manifest"
cp -a "$work/root/opt/nvrm" "$work/moved" # elsewhere than the prefix says
moved=$work/moved

want "$moved"/bin/nvrm-{cli,emu,gen,import} "$moved"/include/nvrm/{gsp/session,rm/calls,nvrm/types,nvrm/regs,emu/emu}.h
want "$moved"/share/nvrm/schemas/{versions.yaml,layout.lock} "$moved"/share/doc/nvrm/{README.md,status.md,examples/bringup.json}
want "$moved"/share/man/man1/nvrm-{cli,emu,gen,import}.1
check_programs "$moved"

# Every verb has its page.
"$moved/bin/nvrm-cli" complete -- '' | cut -f1 | grep -v '^:' >"$work/verbs"
[ "$(wc -l <"$work/verbs")" -gt 25 ] || fail "complete lists few verbs"
while read -r verb; do
    want "$moved/share/man/man1/nvrm-cli-$verb.1"
done <"$work/verbs"

# A program of its own, by pkg-config alone.
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$moved" -name nvrm-rm.pc)")
for module in schema regs bind gsp rm nvmem emu kmod; do
    pkg-config --print-errors --exists "nvrm-$module" || fail "nvrm-$module.pc"
    grep -q "$work/moved" <<<"$(pkg-config --cflags --libs "nvrm-$module")" || fail "nvrm-$module does not follow the tree"
done
cp -r "$moved/share/doc/nvrm/examples/embed" "$work/own"
if command -v make >/dev/null; then
    make -s -C "$work/own" CC="$cc" CFLAGS="$cflags -Wall -Werror" || fail "the example does not build"
else # what the Makefile says
    # shellcheck disable=SC2046,SC2086
    "$cc" $cflags -Wall -Werror $(pkg-config --cflags nvrm-rm nvrm-emu) -o "$work/own/name" "$work/own/name.c" \
        $(pkg-config --libs nvrm-rm nvrm-emu) || fail "the example does not build"
fi
out=$("$work/own/name")
[ "$out" = "NVIDIA GeForce RTX 3090" ] || fail "the example prints: $out"

# Each module links a program that uses it alone.
link() { # MODULE HEADER EXPRESSION
    printf '#include <stdio.h>\n#include <%s>\nint main(void) { return printf("%%d\\n", %s) < 0; }\n' "$2" "$3" >"$work/one.c"
    # shellcheck disable=SC2046,SC2086
    "$cc" $cflags $(pkg-config --cflags "$1") -o "$work/one" "$work/one.c" $(pkg-config --libs "$1") || fail "$1 does not link"
    "$work/one" >/dev/null || fail "$1 does not run"
}
link nvrm-schema nvrm/schema.h '(int)nvrm_release_count(nvrm_schema_builtin())'
link nvrm-regs nvrm/reg.h '(int)nvrm_reg_count'
link nvrm-bind nvrm/bind.h 'nvrm_bind_language_name(0) != 0'
link nvrm-gsp gsp/trace.h '(int)gsp_trace_schema_hash((struct nvrm_abi){nvrm_schema_builtin(), 0})'
link nvrm-emu emu/emu.h '(int)emu_chip_count()'
link nvrm-nvmem nvmem/heap.h '(void *)&nvmem_heap_create == (void *)main'
link nvrm-kmod emu/kmod.h '(void *)&emu_kmod_destroy == (void *)main'

# The same with CMake's find_package.
mkdir "$work/cm"
cat >"$work/cm/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(own LANGUAGES C)
find_package(nvrm REQUIRED COMPONENTS rm emu)
add_executable(name ../own/name.c)
target_link_libraries(name PRIVATE nvrm::rm nvrm::emu)
END
unset PKG_CONFIG_PATH
if "$cmake" -G Ninja -S "$work/cm" -B "$work/cm/build" -DCMAKE_PREFIX_PATH="$moved" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="$cflags" \
    >"$work/log" 2>&1 && "$cmake" --build "$work/cm/build" >>"$work/log" 2>&1; then
    [ "$("$work/cm/build/name")" = "$out" ] || fail "built with find_package it prints something else"
else
    fail "find_package: $(tail -5 "$work/log")"
fi

# nvrm-gen on the installed schemas gives the library's own tables.
"$moved/bin/nvrm-gen" "$moved/share/nvrm/schemas" --check || fail "the installed schemas are not what nvrm-gen takes"

DESTDIR=$work/root "$cmake" -DBUILD="$build" -P "$source/cmake/packaging/uninstall.cmake" >"$work/log" 2>&1 || fail "$(tail -3 "$work/log")"
left=$(find "$work/root" -type f -o -type l | head -3)
[ -z "$left" ] || fail "uninstall leaves $left"
echo "installed, moved, used by programs of its own, uninstalled"
