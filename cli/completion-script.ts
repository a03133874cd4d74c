import { toStdout } from './terminal.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** Prints what a shell sources: it asks the noencap on its line what may stand there. */
export const printScript = (shell: Shell): void => toStdout(SCRIPTS[shell]);

/** Through npx it asks the noencap that npx would run, without npx' own second. */
const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: String.raw`# Completion of noencap for bash.
_noencap() {
  local program=${'$'}{COMP_WORDS[0]/#\~/$HOME} from=1 line
  if [[ $program == npx ]]; then
    [[ ${'$'}{COMP_WORDS[1]} == noencap && $COMP_CWORD -gt 1 ]] || return
    program=node_modules/.bin/noencap from=2
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default ;;
      :folders) compopt -o dirnames ;;
      *) COMPREPLY+=("${'$'}{line%%$'\t'*}") ;;
    esac
  done < <("$program" complete -- "${'$'}{COMP_WORDS[@]:from:COMP_CWORD-from+1}" 2>/dev/null)
}
complete -F _noencap noencap
complete -p npx >/dev/null 2>&1 || complete -o default -F _noencap npx
`,
  zsh: String.raw`#compdef noencap
# Completion of noencap for zsh.
_noencap() {
  local program=${'$'}{words[1]/#\~/$HOME} line
  local -a found
  integer from=2
  if [[ $program == npx ]]; then
    if [[ $words[2] != noencap ]] || (( CURRENT < 3 )); then
      _files
      return
    fi
    program=node_modules/.bin/noencap from=3
  fi
  while IFS= read -r line; do
    case $line in
      (:files) _files ;;
      (:folders) _files -/ ;;
      (*) found+=("${'$'}{line%%$'\t'*}:${'$'}{line#*$'\t'}") ;;
    esac
  done < <("$program" complete -- "${'$'}{(@)words[from,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe noencap found
}
compdef _noencap noencap
(( $+_comps[npx] )) || compdef _noencap npx
`,
  fish: `# Completion of noencap for fish.
function __noencap_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    set -e words[1]
    if test $program = npx
        set program node_modules/.bin/noencap
        set -e words[1]
        test -x $program; or return
    end
    for line in ($program complete -- $words 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :folders
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
function __noencap_through_npx
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = noencap
end
complete -c noencap -f -a '(__noencap_complete)'
complete -c npx -n __noencap_through_npx -f -a '(__noencap_complete)'
`,
};
