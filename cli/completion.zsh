#compdef nvrm-cli
# SPDX-License-Identifier: MIT
# zsh completion for nvrm-cli. In a running shell: source <(nvrm-cli completion zsh)

_nvrm_cli() {
    local -a plain open shown
    local reply flags="" line="${(j: :)words[2,CURRENT-1]}"
    [[ -n $line ]] && line+=" "
    line+=$PREFIX
    local -a replies=("${(@f)$(_call_program words ${words[1]} complete -- ${(q)line} 2>/dev/null)}")
    for reply in $replies; do
        case $reply in
            :*) flags=$reply ;;
            '') ;;
            *) plain+=("${reply%%$'\t'*}")
               shown+=("${reply/$'\t'/  -- }") ;;
        esac
    done
    if [[ $flags == *nospace* ]]; then
        compadd -S '' -l -d shown -a plain
    else
        compadd -l -d shown -a plain
    fi
    [[ $flags == *files* ]] && _files
    return 0
}

if [[ ${funcstack[1]} == _nvrm-cli ]]; then
    _nvrm_cli "$@"
else
    compdef _nvrm_cli nvrm-cli
fi
