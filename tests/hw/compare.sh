#!/bin/bash
# SPDX-License-Identifier: MIT
# compare.sh CARD INFO: the fields of fields.txt, ours beside those of nvidia-smi -q -x. INFO is what info -j printed.
# One line a field that differs, and a count; exit code 1 when any does.
set -u

here=$(cd "$(dirname "$0")" && pwd)
card=$1 info=$2
xml=$("$NVRM_SMI" -q -x -i "$card" 2> /dev/null) || { echo "nvidia-smi -q -x failed"; exit 1; }

# <a><b>v</b></a> as "a/b=v", from the first <gpu> on relative to it; what is outside of it as "../a".
flat=$(awk -F'[<>]' '
    /<\?|<!/ { next }
    $2 ~ /^\// { depth--; next }
    NF > 4 && $4 ~ /^\// { split($2, n, " "); p = ""; for (i = 1; i <= depth; i++) p = p path[i] "/"; print p n[1] "=" $3; next }
    $2 != "" && $2 !~ /\/$/ { split($2, n, " "); path[++depth] = n[1] }
' <<< "$xml" | sed 's|^nvidia_smi_log/gpu/||; s|^nvidia_smi_log/|../|')

theirs() { sed -n "s|^$1=||p" <<< "$flat" | head -1 | sed 's/^ *//; s/ *$//'; }
key() { sed -n "s/^  \"$1\": //p" "$info" | sed 's/,$//; s/^"//; s/"$//; q'; }

# A field of a control's answer, as -o text shows it.
field() {
    "$NVRM_CLI" -t "nvidia:$card" -j ctl subdevice "$1" ${3:+"$3"} 2> /dev/null < /dev/null > "$TMPDIR/answer" || return 1
    case $2 in
    *.data) sed -n 's/^ *"data": "\{0,1\}\([^",]*\).*/\1/p' "$TMPDIR/answer" | head -1 ;;
    *) sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\).*/\1/p" "$TMPDIR/answer" | head -1 ;;
    esac
}

# Hex bytes, NUL-terminated, as text; text as it is.
bytes_text() {
    if [[ $1 =~ ^([0-9a-fA-F]{2}){8,}$ ]]; then
        printf '%b' "$(sed 's/00.*//; s/../\\x&/g' <<< "$1")"
    else
        echo "$1"
    fi
}

as_theirs() {
    local how=$1 a=$2 b=${3:-}
    case $how in
    text) bytes_text "$a" ;;
    hex2) printf '%02X' "$a" ;;
    hex4) printf '%04X' "$a" ;;
    ids) tr a-f A-F <<< "${a#*:}${a%%:*}" ;; # 10de:2684 is 268410DE
    mib) echo "$((a / 1048576)) MiB" ;;
    vbios) printf '%02X.%02X.%02X.%02X.%02X' $((a >> 24 & 255)) $((a >> 16 & 255)) $((a >> 8 & 255)) $((a & 255)) $((b & 255)) ;;
    linkgen) echo $((a & 15)) ;;
    linkwidth) echo "$((a >> 4 & 63))x" ;;
    ctlgen) echo $((a >> 16 & 15)) ;;
    ctlwidth) echo "$((a >> 20 & 63))x" ;;
    ecc) case $a in *ENABLED* | 1) echo Enabled ;; *) echo Disabled ;; esac ;;
    arch)
        case $((a)) in
        352) echo Turing ;; 368) echo Ampere ;; 384) echo Hopper ;; 400) echo "Ada Lovelace" ;; 416 | 432) echo Blackwell ;;
        *) echo "$a" ;;
        esac
        ;;
    esac
}

TMPDIR=$(mktemp -d) || exit 1
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
same=0 differ=0 absent=0
while read -r path how whose what rest; do
    case $path in '' | '#'*) continue ;; esac
    want=$(theirs "$path")
    case $want in '' | N/A | '[N/A]') absent=$((absent + 1)); continue ;; esac
    if [ "$whose" = info ]; then
        got=$(as_theirs "$how" "$(key "$what")" "$(key "${rest:-none}")")
    elif value=$(field "$whose" "$what" "$rest") && [ -n "$value" ]; then
        got=$(as_theirs "$how" "$value")
    else
        got="(no answer)"
    fi
    if [ "$got" = "$want" ]; then
        same=$((same + 1))
    else
        differ=$((differ + 1))
        printf '      %-50s theirs %-28s ours %s\n' "$path" "$want" "$got"
    fi
done < "$here/fields.txt"
echo "      $same fields agree, $differ differ, $absent are not there"
[ $differ = 0 ] && [ $same -gt 0 ]
