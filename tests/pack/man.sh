#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The manual pages: one for every verb, with every option that the verb has; nothing that the formatters complain of; and
# what stands under EXAMPLES is run, from the root of the repository.
#
#   man.sh MAN-FOLDER PROGRAM...
#
# In a page an example is a line "$ COMMAND" between .nf and .fi. What follows, up to the next one, is what it prints on both
# streams; nothing stands for anything, and "..." for any text, also of many lines. "(exit status N)" is the code, else 0.
. "$(dirname "$0")/lib.sh"
man=$1
shift
for program in "$@"; do
    PATH=$(cd "$(dirname "$program")" && pwd):$PATH
done
cd "$man/../.."
export HOME=$work EDITOR=true
unset VISUAL PAGER NO_COLOR

plain() { # roff to the text that a reader sees, good enough for .nf blocks and option names
    sed -e 's/\\f[BIRP]//g' -e 's/\\(aq/'"'"'/g' -e 's/\\(ga/`/g' -e 's/\\(ha/^/g' -e 's/\\(ti/~/g' -e 's/\\&//g' -e 's/\\-/-/g' -e 's/\\e/\\/g'
}

# Pages and the verb table agree.
nvrm-cli complete -- '' | cut -f1 | grep -v '^:' | sort >"$work/verbs"
[ "$(wc -l <"$work/verbs")" -gt 25 ] || fail "few verbs"
(cd "$man" && printf '%s\n' nvrm-cli-*.1) | sed 's/nvrm-cli-\(.*\)\.1/\1/' | sort >"$work/pages"
diff "$work/verbs" "$work/pages" || fail "verbs (<) and pages (>) differ"
while read -r verb; do
    page=$man/nvrm-cli-$verb.1
    plain <"$page" >"$work/page"
    grep -q "^nvrm-cli-$verb - [a-z]" "$work/page" || fail "$page: NAME"
    nvrm-cli help "$verb" | sed '/^examples/,$d' >"$work/help"
    for option in $(grep -o -- '--[a-z][a-z-]*' "$work/help" | sort -u); do
        grep -q -- "$option" "$work/page" || fail "$page does not speak of $option"
    done
    for word in $(sed -n '1s/^nvrm-cli [a-z]* //p' "$work/help" | grep -oE '^[a-z|-]+(\||$| )' | tr '|' ' '); do
        grep -qw -- "$word" "$work/page" || fail "$page does not speak of $verb $word"
    done
    for section in SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES; do
        grep -q "^\.SH $section" "$page" || fail "$page has no $section"
    done
done <"$work/verbs"

# The formatters have nothing to say.
for page in "$man"/*.[1-8]; do
    for tool in groff mandoc; do
        command -v $tool >/dev/null || continue
        case $tool in
        groff) groff -t -man -ww -Tutf8 -z "$page" ;;
        mandoc) mandoc -T lint -W warning "$page" ;;
        esac >"$work/lint" 2>&1 || true
        [ ! -s "$work/lint" ] || fail "$tool: $(head -3 "$work/lint")"
    done
done

# The examples; what they write to /tmp goes to this run's own folder.
count=0 failed=0
check() { # what was collected: command, code, shown
    [ -n "$command" ] || return 0
    [ -z "${NVRM_NO_PRELOAD:-}" ] || [[ $command != *"emu exec"* && $command != *"trace exec"* ]] || { count=$((count + 1)); return 0; }
    local got rc=0 pattern
    command=${command//\/tmp\//$work/} shown=${shown//\/tmp\//$work/}
    got=$(timeout 60 bash -c "$command" 2>&1 </dev/null) || rc=$?
    count=$((count + 1))
    pattern=$(sed -e 's/[][*?\\]/\\&/g' -e 's/\.\.\./*/g' <<<"$shown")
    # shellcheck disable=SC2053
    if [ "$rc" -ne "$code" ] || { [ -n "$shown" ] && [[ $got != $pattern ]]; }; then
        printf '%s: %s\n  exit status %s, expected %s; it prints:\n%s\n' "$page" "$command" "$rc" "$code" "$got" | head -20
        failed=$((failed + 1))
    fi
}
for page in "$man"/nvrm-*.[1-8]; do
    command= shown= code=0 before=$count
    while IFS= read -r line; do
        case $line in
        '$ '*) check; command=${line#\$ } shown= code=0 ;;
        '  '*) case $command in *\\) command=${command%\\}${line#  } ;; *) shown+=${shown:+$'\n'}$line ;; esac ;;
        '(exit status '*) code=${line//[^0-9]/} ;;
        '# '*) check; command= ;;
        *) shown+=${shown:+$'\n'}$line ;;
        esac
    done < <(sed -n '/^\.SH EXAMPLES/,/^\.SH [^E]/{/^\.nf/,/^\.fi/{/^\.[nf][fi]/!p}}' "$page" | plain)
    check
    [ "$count" -gt "$before" ] || fail "$page has no examples"
done
echo "$count examples"
[ "$failed" -eq 0 ] || fail "$failed examples"
