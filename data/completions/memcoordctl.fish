# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of memcoordctl for fish. memcoordctl __complete lists the words.

function __memcoordctl_words
    set -l session
    contains -- --session (commandline -opc); and set session --session
    memcoordctl $session __complete $argv[1] 2>/dev/null
end

# The command and what follows it, without options.
function __memcoordctl_line
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word --for --reason --who --why --interval --count --color --warning --critical --format --host --since -s -H -f -r -i -n -w -c
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __memcoordctl_command_is
    set -l line (__memcoordctl_line)
    contains -- "$line[1]" $argv
end

# Whether $argv[1] words follow the command.
function __memcoordctl_has
    test (count (__memcoordctl_line)) -eq (math 1 + $argv[1])
end

# Thresholds of the VM or of the host, whichever the line is about.
function __memcoordctl_thresholds
    set -l line (__memcoordctl_line)
    if test (count $line) -lt 2
        __memcoordctl_words thresholds
    else if string match -q -- '*=*' $line[2]; or contains -- $line[2] (__memcoordctl_words thresholds)
        __memcoordctl_words thresholds
    else
        __memcoordctl_words vm-thresholds
    end
end

complete -c memcoordctl -f
complete -c memcoordctl -s j -l json -d 'Print JSON'
complete -c memcoordctl -s H -l host -x -a '(__fish_print_hostnames)' -d 'Ask another host, by ssh'
complete -c memcoordctl -l session -d 'Use the session bus'
complete -c memcoordctl -l color -x -a 'auto always never' -d 'Use colours'
complete -c memcoordctl -s h -l help -d 'Show the options'
complete -c memcoordctl -n 'not count (__memcoordctl_line) >/dev/null' -l version -d 'Print the version'
complete -c memcoordctl -n 'not count (__memcoordctl_line) >/dev/null' -a '(__memcoordctl_words commands)'
complete -c memcoordctl -n '__memcoordctl_command_is show why history pause resume set reset; and __memcoordctl_has 0' \
    -a '(__memcoordctl_words vms)' -d VM
complete -c memcoordctl -n '__memcoordctl_command_is give-back' -a '(__memcoordctl_words vms)' -d VM
complete -c memcoordctl -n '__memcoordctl_command_is set' -a '(__memcoordctl_thresholds)='
complete -c memcoordctl -n '__memcoordctl_command_is reset' -a '(__memcoordctl_thresholds)'
complete -c memcoordctl -n '__memcoordctl_command_is dry-run; and __memcoordctl_has 0' -a 'on off'
complete -c memcoordctl -n '__memcoordctl_command_is pause reserve' -s f -l for -x -d 'End after this time'
complete -c memcoordctl -n '__memcoordctl_command_is pause' -s r -l reason -x -d Reason
complete -c memcoordctl -n '__memcoordctl_command_is reserve' -l partial -d 'Accept less'
complete -c memcoordctl -n '__memcoordctl_command_is inhibit' -l who -x -d 'Who inhibits balancing'
complete -c memcoordctl -n '__memcoordctl_command_is inhibit' -l why -x -d Reason
complete -c memcoordctl -n '__memcoordctl_command_is top' -s i -l interval -x -d 'Refresh interval'
complete -c memcoordctl -n '__memcoordctl_command_is top' -s n -l count -x -d 'Number of refreshes'
complete -c memcoordctl -n '__memcoordctl_command_is inhibit; and __memcoordctl_has 0' -a '(__fish_complete_command)'
complete -c memcoordctl -n '__memcoordctl_command_is reserve; and __memcoordctl_has 1' -a '(__fish_complete_command)'
complete -c memcoordctl -n '__memcoordctl_command_is check' -s w -l warning -x -d 'Warn of what has lasted this long'
complete -c memcoordctl -n '__memcoordctl_command_is check' -s c -l critical -x -d 'Be critical of what has lasted this long'
complete -c memcoordctl -n '__memcoordctl_command_is metrics' -s f -l format -x -a 'openmetrics prometheus' -d 'Format'
complete -c memcoordctl -n '__memcoordctl_command_is history' -s s -l since -x -d 'How far back'
complete -c memcoordctl -n '__memcoordctl_command_is history' -l csv -d 'Print CSV for the simulator'
complete -c memcoordctl -n '__memcoordctl_command_is world' -l force -d 'Overwrite an existing file'
complete -c memcoordctl -n '__memcoordctl_command_is world; and __memcoordctl_has 0' -F
