# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of memcoordctl for bash. memcoordctl __complete lists the words.

# The words that memcoordctl offers: commands, vms, thresholds, vm-thresholds.
__memcoordctl_words() {
  local session=
  [[ " ${COMP_WORDS[*]} " == *" --session "* ]] && session=--session
  "${COMP_WORDS[0]}" $session __complete "$1" 2>/dev/null
}

# Offers the lines of stdin that begin with the current word, quoted as the shell needs it.
__memcoordctl_offer() {
  local word suffix=$1
  while IFS= read -r word; do
    word=${word%%$'\t'*}
    printf -v word '%q' "$word"
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word$suffix")
  done
}

# Sets $command, and $words to what follows it up to the current word, without options.
__memcoordctl_parse() {
  local i word
  command= words=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      --for | --reason | --who | --why | --interval | --count | --color | --warning | --critical | --format | --host | --since | -s | -H | -f | -r | -i | -n | -w | -c)
        [[ ${COMP_WORDS[i + 1]-} == = ]] && ((i++))
        ((i++))
        ;;
      -* | =) ;;
      *) if [[ -z $command ]]; then command=$word; else words+=("$word"); fi ;;
    esac
  done
}

__memcoordctl_options() {
  local options="--json --host= --session --color= --help"
  case $command in
    "") options+=" --version" ;;
    pause) options+=" --for= --reason=" ;;
    inhibit) options+=" --who= --why=" ;;
    reserve) options+=" --for= --partial" ;;
    top) options+=" --interval= --count=" ;;
    world) options+=" --force" ;;
    history) options+=" --since= --csv" ;;
    check) options+=" --warning= --critical=" ;;
    metrics) options+=" --format=" ;;
  esac
  COMPREPLY=($(compgen -W "$options" -- "$cur"))
  [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}

# A VM or a threshold for the first word, thresholds of that VM or of the host behind it.
__memcoordctl_settings() {
  local suffix=$1
  if ((${#words[@]} == 0)); then
    __memcoordctl_offer "" < <(__memcoordctl_words vms)
    __memcoordctl_offer "$suffix" < <(__memcoordctl_words thresholds)
  elif [[ ${words[0]} == *=* ]] || __memcoordctl_words thresholds | grep -qxF -- "${words[0]}"; then
    __memcoordctl_offer "$suffix" < <(__memcoordctl_words thresholds)
  else
    __memcoordctl_offer "$suffix" < <(__memcoordctl_words vm-thresholds)
  fi
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}

_memcoordctl() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command words
  COMPREPLY=()
  [[ $previous == = && $COMP_CWORD -gt 1 ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
  __memcoordctl_parse
  if [[ $previous == --color ]]; then
    COMPREPLY=($(compgen -W "auto always never" -- "${cur#=}"))
    return
  fi
  if [[ $previous == --host || $previous == -H ]]; then
    COMPREPLY=($(compgen -A hostname -- "${cur#=}"))
    return
  fi
  if [[ $previous == --format ]]; then
    COMPREPLY=($(compgen -W "openmetrics prometheus" -- "${cur#=}"))
    return
  fi
  case $cur in
    -*)
      __memcoordctl_options
      return
      ;;
  esac
  case $command in
    "") __memcoordctl_offer "" < <(__memcoordctl_words commands) ;;
    show | why | history | pause | resume) ((${#words[@]})) || __memcoordctl_offer "" < <(__memcoordctl_words vms) ;;
    give-back) __memcoordctl_offer "" < <(__memcoordctl_words vms) ;;
    set) __memcoordctl_settings = ;;
    reset) __memcoordctl_settings "" ;;
    dry-run) COMPREPLY=($(compgen -W "on off" -- "$cur")) ;;
    inhibit) ((${#words[@]})) || COMPREPLY=($(compgen -c -- "$cur")) ;;
    reserve) ((${#words[@]} == 1)) && COMPREPLY=($(compgen -c -- "$cur")) ;;
  esac
  return 0
}

complete -o default -F _memcoordctl memcoordctl
