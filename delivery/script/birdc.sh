# ---- what BIRD says

# Seconds in which BIRD must have answered.
patience=60
# ask COMMAND: in a session it is `wake` that ends a birdc which gets no answer.
ask() {
  if [ -n "$holding" ]; then
    reply=$("$birdc" -v ${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  else
    reply=$(timeout "$patience" "$birdc" -v ${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  fi
  if [ "$?" -ge 124 ]; then lack "BIRD does not answer within $patience seconds (${reply:-no answer}). See what it is busy with."; fi
  case $reply in
    "0001 BIRD "*) return 0 ;;
    *) lack "BIRD does not answer on its control socket (${reply:-no answer}). See that it runs, and that this account may use the socket." ;;
  esac
}
has() { case "
$reply" in *"
$1"[\ -]*) return 0 ;; *) return 1 ;; esac; }
# message CODE: `text` is the first line that has it.
message() {
  if ! has "$1"; then text=; return 0; fi
  text="
$reply"
  text=${text#*"
$1"[ -]}
  text=${text%%
*}
}
# What BIRD says of a place in a password file could have words of it.
last_line() {
  said=$(printf '%s\n' "$reply" | sed -n '$p')
  for hidden in $secrets; do
    said=$(printf '%s\n' "$said" | sed "s|\(/$hidden:[0-9]*:[0-9]*\) .*|\1 this is no line of a password file|")
  done
  printf '%s\n' "$said"
}

# status: `settled` is yes when no reconfiguration is at work, `pending` the seconds until an unconfirmed one is undone.
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
# settles SECONDS: waits until no reconfiguration is at work. Mostly that takes milliseconds, in which BIRD does not answer.
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

# The staged main file ends with a definition that names its release. So BIRD itself tells whether it runs that release
# because of a timed commit, or what it read from the live files: after an undo, a restart or another configure the name
# is unknown.
runs() { ask show symbols "noencap_release_$1"; defined "$1"; }
# defined HASH: in an answer about this symbol, or about all.
defined() { case $reply in *[\ -]"noencap_release_$1"?constant*) return 0 ;; *) return 1 ;; esac; }

# The main file, as BIRD was started with it: checking it changes nothing, an undo that is scheduled stays.
main_file() {
  ask configure check
  message 0002
  if [ -z "$main" ]; then main=${text#Reading configuration from }; fi
  case $main in
    /*) ;;
    *) lack "BIRD was started with the relative path ${main:-(none)}, which nobody else can find. Start it with -c $config/bird.conf." ;;
  esac
  case $main in *[!A-Za-z0-9._/@:+=-]*) lack "the path of BIRD's main file has odd characters: $main" ;; esac
  main_name=${main##*/}
  if [ "${main%/*}" != "$config" ] && [ "$(cd "${main%/*}/" 2>/dev/null && pwd -P)" != "$(cd "$config" && pwd -P)" ]; then
    lack "BIRD's main file is $main, not in $config. Set bird.configDir of this router to ${main%/*}."
  fi
  case " $secrets " in *" $main_name "*) misuse "$main_name is BIRD's main file, and cannot be the password file" ;; esac
  if [ "$entry" = bird.conf ] && [ "$main_name" != bird.conf ]; then
    lack "BIRD's main file is $main, but a standalone router's is $config/bird.conf. Start BIRD with that."
  fi
}
