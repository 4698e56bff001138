# SPDX-License-Identifier: MIT
# bash completion for nvrm-cli. In a running shell: eval "$(nvrm-cli completion bash)"

_nvrm_cli() {
    local line=${COMP_LINE:0:COMP_POINT} word flags="" reply prefix
    line=${line#*"${COMP_WORDS[0]}"}
    line=${line#"${line%%[![:space:]]*}"}
    COMPREPLY=()
    while IFS= read -r reply; do
        case $reply in
        :*) flags=$reply ;;
        *) COMPREPLY+=("${reply%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]}" complete -- "$line" 2>/dev/null)
    [[ $flags == *nospace* ]] && compopt -o nospace 2>/dev/null
    word=${line##*[[:space:]]}
    if [[ $flags == *files* ]]; then
        compopt -o filenames 2>/dev/null
        while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(compgen -f -- "${word##*[=:]}")
    fi
    # Readline replaces what stands behind the last of its own word breaks only.
    prefix=${word%"${word##*[=:]}"}
    if [[ -n $prefix && $COMP_WORDBREAKS == *"${prefix: -1}"* ]]; then
        local i
        for i in "${!COMPREPLY[@]}"; do
            COMPREPLY[i]=${COMPREPLY[i]#"$prefix"}
        done
    fi
}
complete -F _nvrm_cli nvrm-cli
