# ---- what BIRD says

# Seconds within which BIRD must answer.
patience=60
# ask COMMAND: in a session, `wake` ends a birdc that gets no answer.
ask() {
  if [ -n "$holding" ]; then
    reply=$("$birdc" -v ${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  else
    reply=$(timeout "$patience" "$birdc" -v ${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  fi
  if [ "$?" -ge 124 ]; then lack bird "BIRD did not answer within $patience seconds (${reply:-no answer})" "Check what it is busy with."; fi
  case $reply in
    "0001 BIRD "*) return 0 ;;
    *) lack bird "BIRD does not answer on its control socket (${reply:-no answer})" "Check that it runs, and that this account may use the socket." ;;
  esac
}
has() { case "
$reply" in *"
$1"[\ -]*) return 0 ;; *) return 1 ;; esac; }
# message CODE: `text` is the first line with this code.
message() {
  if ! has "$1"; then text=; return 0; fi
  text="
$reply"
  text=${text#*"
$1"[ -]}
  text=${text%%
*}
}
# BIRD's error for a place in a password file could quote its content.
last_line() {
  said=$(printf '%s\n' "$reply" | sed -n '$p')
  for hidden in $secrets; do
    said=$(printf '%s\n' "$said" | sed "s|\(/$hidden:[0-9]*:[0-9]*\) .*|\1 this is not a line of a password file|")
  done
  printf '%s\n' "$said"
}

# status: `settled` is yes if no reconfiguration is in progress; `pending` is the seconds until an unconfirmed one is undone.
status() {
  ask configure status
  settled=no pending=
  if has 0003 && ! has 0004 && ! has 0005; then settled=yes; fi
  if has 0022; then
    message 0022
    pending=${text##* in } pending=${pending%% s*}
    case $pending in '' | *[!0-9.]*) pending=unknown ;; esac
  fi
}
# settles SECONDS: waits until no reconfiguration is in progress. That mostly takes milliseconds, during which BIRD does not answer.
settles() {
  left=$1 soon=10
  while status; [ "$settled" = no ]; do
    if [ "$soon" -gt 0 ]; then
      soon=$((soon - 1))
      continue
    fi
    if [ "$left" -le 0 ]; then return 1; fi
    left=$((left - 1))
    sleep 1
  done
}

# The staged main file ends with a definition that names its release. So BIRD itself shows whether it runs that release
# because of a timed commit, or what it read from the live files: after an undo, a restart or another configure the name
# is undefined.
runs() { ask show symbols "noencap_release_$1"; defined "$1"; }
# defined HASH: whether an answer about this symbol, or about all symbols, shows it.
defined() { case $reply in *[\ -]"noencap_release_$1"?constant*) return 0 ;; *) return 1 ;; esac; }

# main_file: the main file that BIRD was started with. Checking it changes nothing, and a scheduled undo stays scheduled.
main_file() {
  ask configure check
  message 0002
  if [ -z "$main" ]; then main=${text#Reading configuration from }; fi
  case $main in
    /*) ;;
    *) lack main-file "BIRD was started with the relative path ${main:-(none)}, which only BIRD itself can resolve" "Start it with -c $config/bird.conf." ;;
  esac
  case $main in *[!A-Za-z0-9._/@:+=-]*) lack main-file "the path of BIRD's main file has unsupported characters: $main" "Give it a path of letters, digits and ._/@:+=- only." ;; esac
  main_name=${main##*/}
  if [ "${main%/*}" != "$config" ] && [ "$(cd "${main%/*}/" 2>/dev/null && pwd -P)" != "$(cd "$config" && pwd -P)" ]; then
    lack main-file "BIRD's main file is $main, not in $config" "Set bird.configDir of this router to ${main%/*}."
  fi
  case " $secrets " in *" $main_name "*) misuse "$main_name is BIRD's main file, so it cannot be the password file" ;; esac
  if [ "$entry" = bird.conf ] && [ "$main_name" != bird.conf ]; then
    lack main-file "BIRD's main file is $main, but a standalone router's is $config/bird.conf" "Start BIRD with that."
  fi
}
