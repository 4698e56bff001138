# SPDX-License-Identifier: MIT
# fish completion for nvrm-cli. In a running shell: nvrm-cli completion fish | source

function __nvrm_cli
    set -l line (commandline -pc | string replace -r '^\s*\S+\s*' '')
    set -l word (commandline -ct)
    for reply in (nvrm-cli complete -- "$line" 2>/dev/null)
        switch $reply
            case ':*files*'
                __fish_complete_path $word
            case ':*'
            case '*'
                echo $reply
        end
    end
end
complete -c nvrm-cli -f -a '(__nvrm_cli)'
