#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The Debian packages: what is in them, what they need, and that they work once unpacked.
#
#   debs.sh CPACK BUILD
. "$(dirname "$0")/lib.sh"
cpack=$1 build=$2
for tool in dpkg-deb dpkg-shlibdeps; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
done

"$cpack" -G DEB --config "$build/CPackConfig.cmake" -B "$work/debs" >"$work/log" 2>&1 || fail "$(tail -5 "$work/log")"
cd "$work/debs"
one() { # PACKAGE: its file
    local files=("$1"_[0-9]*.deb)
    [ -e "${files[0]}" ] && [ ${#files[@]} -eq 1 ] || fail "not one $1: ${files[*]}"
    echo "${files[0]}"
}
for package in nvrm-cli nvrm-emu libnvrm-dev nvrm-doc; do
    deb=$(one "$package")
    [ "$(dpkg-deb -f "$deb" Package)" = "$package" ] || fail "$deb has another name inside"
    [ -n "$(dpkg-deb -f "$deb" Description)" ] || fail "$deb has no description"
    dpkg-deb -c "$deb" >"$package.list"
    grep -q "usr/share/doc/$package/copyright" "$package.list" || fail "$package has no copyright"
    dpkg-deb -x "$deb" root
done
# What nvrm-cli and nvrm-emu need is linked in; nvrm-import reads YAML with the system's library.
depends=$(dpkg-deb -f "$(one nvrm-cli)" Depends)
grep -qE "^libc6 \([^,]*, libyaml-0-2[^,]*$" <<<"$depends" || fail "nvrm-cli depends on: $depends"
depends=$(dpkg-deb -f "$(one nvrm-emu)" Depends)
grep -qE "^libc6 \([^,]*(, libjansson4[^,]*)?$" <<<"$depends" || fail "nvrm-emu depends on: $depends"
grep -q "libjansson-dev" <<<"$(dpkg-deb -f "$(one libnvrm-dev)" Depends)" || fail "libnvrm-dev does not depend on libjansson-dev"
[ "$(dpkg-deb -f "$(one nvrm-doc)" Architecture)" = all ] || fail "nvrm-doc is not for all architectures"
grep -q "usr/share/man/man1/nvrm-cli-ctl.1.gz" nvrm-cli.list || fail "pages are not compressed"

twice=$(awk '$1 !~ /^d/ {print $6}' ./*.list | sort | uniq -d)
[ -z "$twice" ] || fail "in two packages: $twice"
want root/usr/bin/nvrm-{cli,import,emu,gen} root/usr/lib/nvrm/libnvrm-preload.so
check_programs "$work/debs/root/usr"
[ "$(root/usr/bin/nvrm-emu --version | cut -d' ' -f1)" = nvrm-emu ] || fail "nvrm-emu does not run"

if command -v lintian >/dev/null; then
    # Warnings are about a distribution's own habits; errors are about packages that do not work. That libraries are linked
    # in is meant: a one-shot command loads libc alone.
    lintian --no-cfg --suppress-tags embedded-library --fail-on error --tag-display-limit 0 ./*.deb >"$work/log" 2>&1 || fail "lintian: $(grep '^E:' "$work/log" | head -5)"
fi
du -k ./*.deb | awk '{printf "%s KiB %s\n", $1, $2}'
