# ---- hold: the lock, and the verbs of its holder
#
# The verb `hold` takes the lock and stays. Its holder sends the other verbs over the same line, and each is checked as
# strictly as if it came alone.

# hold OWNER SECONDS: holds the lock while standard input stays open and gives at least one line every SECONDS seconds: a connection
# that died silently would hold the lock for hours. An owner whose connection died may come back over another one.
# An empty line is a sign of life; any other line asks for a verb.
hold() {
  arguments 2 "$#"
  owner_name "$1"
  number "$2" 1 86400
  own_rights
  prove
  if [ -n "$stranger" ]; then refuse identity "$stranger" "$stranger_fix"; fi
  folder "$noencap"
  holding=$1 silence=$2 earlier=
  if [ -L "$noencap/lock" ]; then earlier=$(readlink "$noencap/lock") || earlier=; fi
  if [ "${earlier%%,*}" = "$holding" ]; then rm -f "$noencap/lock"; fi
  if ! take_lock "$holding"; then
    refuse lock "the lock of this router belongs to ${holder%%,*}" "Wait until that delivery ends."
  fi
  alarm=
  trap 'drop_lock; [ -z "$alarm" ] || kill "$alarm" 2>/dev/null' EXIT
  trap 'exit 1' HUP INT TERM PIPE
  trap '' USR1
  wake
  # Two that found the same dead holder may both get this far; the link tells whose the lock is.
  if [ "$(readlink "$noencap/lock")" != "$holding,$me" ]; then refuse lock "another delivery took the lock of this router at the same time" "Try again."; fi
  if [ -n "$stale" ]; then say "stale $stale"; fi
  say held
  while IFS= read -r line; do
    kill -USR1 "$alarm" 2>/dev/null
    if [ -n "$line" ]; then answer "$line"; fi
    kill -USR1 "$alarm" 2>/dev/null
  done
  say end
}
# wake: ends this process after too long a silence, if no verb is running. A signal tells it that a line has arrived. It
# keeps none of the line's streams open, and ends soon after its parent.
wake() {
  (
    trap - EXIT HUP INT TERM PIPE
    trap 'heard=yes' USR1
    myself
    elapsed=0 heard=
    step=$((silence < 10 ? 1 : 5))
    while kill -0 "$$"; do
      sleep "$step"
      elapsed=$((elapsed + step))
      if [ -n "$heard" ]; then elapsed=0 heard=; fi
      if [ "$elapsed" -lt "$silence" ]; then continue; fi
      at_work || break
      hang_up
    done
    kill -TERM "$$"
    # A stopped process ends only once it is continued.
    kill -CONT "$$"
  ) </dev/null >/dev/null 2>&1 &
  alarm=$!
}
# at_work: the session has a child other than this one.
at_work() {
  for one in /proc/[0-9]*; do
    started "${one##*/}"
    if [ -n "$start" ] && [ "$parent" = "$$" ] && [ "${one##*/}" != "${me%%,*}" ]; then return 0; fi
  done
  return 1
}
# hang_up: ends a birdc of this session that has waited too long for an answer. Start times are in hundredths of a second since boot.
hang_up() {
  read -r uptime _ </proc/uptime
  for one in /proc/[0-9]*; do
    started "${one##*/}"
    comm=${stat#*\(} comm=${comm%%\)*}
    case ${birdc##*/} in "$comm"*) ;; *) continue ;; esac
    if [ -z "$start" ] || [ $((${uptime%%.*} - start / 100)) -lt "$patience" ]; then continue; fi
    while [ -n "$start" ] && [ "$parent" -gt 1 ] && [ "$parent" != "$$" ]; do started "$parent"; done
    if [ "$parent" = "$$" ]; then kill "${one##*/}"; fi
  done
}

# answer "run BYTES SETTINGS VERB ARGUMENTS": runs the verb; the given number of bytes after the line are its standard input. An end mark
# follows on each output: an answer without it was cut off. Any other line ends the session: what comes after it could be
# anything.
answer() {
  set -f
  # shellcheck disable=SC2086
  set -- $1
  set +f
  if [ "$#" -lt 3 ] || [ "$1" != run ]; then misuse "a line must be empty, or: run BYTES VERB ARGUMENTS"; fi
  case $2 in *[!0-9]* | 0?* | ?????????*) misuse "$2 is not a valid number of bytes" ;; esac
  if [ "$2" -gt "$limit" ]; then misuse "at most $limit bytes are accepted"; fi
  announced=$2
  shift 2
  answered=$((answered + 1))
  if [ "$announced" -eq 0 ]; then (serve "$@") </dev/null; else head -c "$announced" | whole "$@"; fi
  code=$?
  printf '\001ran %s\n' "$answered" >&2
  printf '\001ran %s %s\n' "$answered" "$code"
}
# whole SETTINGS VERB ARGUMENTS: reads the input that a verb leaves over, which must not be taken for the next line.
whole() {
  (serve "$@")
  code=$?
  cat >/dev/null
  return "$code"
}
