#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Completion as bash, zsh and fish drive it, and how long an answer takes.
#
#   completion.sh NVRM-CLI
. "$(dirname "$0")/lib.sh"
dir=$(cd "$(dirname "$1")" && pwd)
PATH=$dir:$PATH
cd "$work"
touch script.json

# bash: the loaded function, called as readline calls it.
eval "$(nvrm-cli completion bash)"
complete -p nvrm-cli | grep -q _nvrm_cli || fail "bash: nothing is registered"
bash_words() { # LINE: what could replace its last word
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=(nvrm-cli) COMPREPLY=()
    _nvrm_cli 2>/dev/null
    printf '%s\n' "${COMPREPLY[@]}"
}
expect() { # LINE WORD: the word is offered
    local words
    words=$(bash_words "$1")
    grep -qxF -- "$2" <<<"$words" || fail "bash: '$1' does not offer '$2' but: ${words:0:200}"
}
refuse() { # LINE WORD
    local words
    words=$(bash_words "$1")
    ! grep -qxF -- "$2" <<<"$words" || fail "bash: '$1' offers '$2'"
}
expect "nvrm-cli " ctl
expect "nvrm-cli c" completion
refuse "nvrm-cli " complete # for programs
refuse "nvrm-cli c" info
expect "nvrm-cli --rec" --record
expect "nvrm-cli -o " yaml
expect "nvrm-cli -F 570.14" 570.144
expect "nvrm-cli trace " convert
expect "nvrm-cli -t emu:GH100 trace show --f" --filter
expect "nvrm-cli ctl sub" subdevice
expect "nvrm-cli ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME" NV2080_CTRL_CMD_GPU_GET_NAME_STRING
expect "nvrm-cli alloc device FERMI_V" FERMI_VASPACE_A
expect "nvrm-cli ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 fbInfoList[0].ind" "fbInfoList[0].index="
expect "nvrm-cli ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 fbInfoList[0].index=TOTAL_R" TOTAL_RAM_SIZE # behind a word break
expect "nvrm-cli -t emu:A" AD102
expect "nvrm-cli run scr" script.json
expect "nvrm-cli trace convert --to p" perfetto
expect "nvrm-cli boot run --until wpr2-" wpr2-down
expect "nvrm-cli schema search x --kind c" constant
expect "FOO=1 nvrm-cli -F 535.113.01 ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME" NV2080_CTRL_CMD_GPU_GET_NAME_STRING
refuse "nvrm-cli ctl subdevice NV2080_CTRL_CMD_FB_GET_INFO_V2 '{\"fb" fbInfoList

# Every verb and every option of the program is offered.
nvrm-cli help | awk '/^verbs/ {on = 1; next} /^$/ {on = 0} on {print $1}' >verbs
[ "$(wc -l <verbs)" -gt 25 ] || fail "help lists few verbs"
while read -r verb; do
    expect "nvrm-cli $verb" "$verb"
done <verbs

# How long the answer with by far the most names takes, the best of five; 20 ms is what one can type against. Only printed:
# tests judge no time.
best=$(for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    nvrm-cli complete -- 'ctl subdevice NV' >names
    echo $((($(date +%s%N) - start) / 1000))
done | sort -n | head -1)
[ "$(wc -l <names)" -gt 1000 ] || fail "there are few controls"
echo "all controls in $best us"

if command -v fish >/dev/null; then
    fish_shows() { # LINE START: a row that begins so
        local words
        # shellcheck disable=SC2016
        words=$(HOME=$work fish -c 'nvrm-cli completion fish | source; complete -C $argv[1]' "$1" 2>/dev/null)
        grep -q "^$2" <<<"$words" || fail "fish: '$1' does not show '$2' but: ${words:0:200}"
    }
    fish_shows "nvrm-cli ct" "ctl	call a control"
    fish_shows "nvrm-cli ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME" NV2080_CTRL_CMD_GPU_GET_NAME_STRING
    fish_shows "nvrm-cli run scr" script.json
    fish_shows "nvrm-cli -t emu:GH100 ct" "ctl	call a control"
    fish_shows "nvrm-cli --record-level rp" 'rpc$'
else
    echo "fish is not installed: not tried"
fi

if command -v zsh >/dev/null; then
    cat >drive.zsh <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; PATH=$PATH; autoload -Uz compinit; compinit -u -d $PWD/dump; source <(nvrm-cli completion zsh); setopt nolistbeep; echo rea''dy"
zpty -r -m z seen '*ready*'
zpty -w -n z "$1"$'\t'
integer tries=0
out=
while (( tries++ < 40 )); do
    sleep 0.05
    while zpty -r -t z part; do out+=$part; done
    [[ $out == *$2* ]] && { zpty -d z; exit 0 }
done
zpty -d z
print -r -- "$out"
exit 1
END
    zsh_shows() { # LINE TEXT
        HOME=$work zsh -f drive.zsh "$1" "$2" >out 2>&1 || fail "zsh: '$1' does not show '$2': $(tail -3 out)"
    }
    zsh_shows "nvrm-cli ctl subdevice NV2080_CTRL_CMD_GPU_GET_NAME" NV2080_CTRL_CMD_GPU_GET_NAME_STRING
    zsh_shows "nvrm-cli explai" "explain"
    zsh_shows "nvrm-cli trace " dissector
else
    echo "zsh is not installed: not tried"
fi
