# ---- the lock, and which verbs are running

boot=none
IFS= read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || :
# started PID: `start` is its start time in ticks since boot; empty if the process is gone or a zombie. `parent` is its parent's PID.
started() {
  stat=
  IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || :
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  start=${20:-} parent=${2:-}
  case ${1:-} in Z) start= ;; esac
}
# myself: not always $$, which all verbs of a session share.
myself() { started self; me="${stat%% *},$start,$boot"; }

# alive HOLDER: the process that wrote "text,pid,start,boot" still runs. A reused PID has a different start time.
alive() {
  holder_boot=${1##*,}; rest=${1%,*}; holder_start=${rest##*,}; rest=${rest%,*}; holder_pid=${rest##*,}
  case $holder_pid in '' | *[!0-9]*) return 1 ;; esac
  started "$holder_pid"
  [ "$holder_boot" = "$boot" ] && [ -n "$start" ] && [ "$start" = "$holder_start" ]
}

# take_lock OWNER: the lock is a link that points to its holder, created together with its text in one step. The link of a dead
# holder is moved aside; if it turns out to be a living one's (two came at once), it is put back.
take_lock() {
  tries=0 stale=
  while [ "$tries" -lt 5 ]; do
    tries=$((tries + 1))
    if problem=$(ln -s "$1,$me" "$noencap/lock" 2>&1); then return 0; fi
    holder=$(readlink "$noencap/lock") || continue
    if alive "$holder"; then return 1; fi
    if mv -T "$noencap/lock" "$noencap/lock.stale.$$" 2>/dev/null; then
      moved=$(readlink "$noencap/lock.stale.$$")
      if [ "$moved" != "$holder" ]; then ln -s "$moved" "$noencap/lock" 2>/dev/null; else stale=${holder%%,*}; fi
      rm -f "$noencap/lock.stale.$$"
    fi
  done
  lack folder "cannot lock $noencap: $problem" "Make room there, and let this account write to $config."
}
drop_lock() { if [ "$(readlink "$noencap/lock")" = "$holding,$me" ]; then bury "$noencap/lock"; fi; }

# alone: no other verb is running. Each verb has an empty file whose name identifies its process: creating it needs no other process, and
# files of dead processes may stay behind. Two verbs that start at once see each other, and both step back.
alone() {
  mine=$noencap/busy.$verb,$me
  if ! true 2>/dev/null >"$mine"; then
    problem=$({ true >"$mine"; } 2>&1) || lack folder "cannot write to $noencap: ${problem##*: }" "Make room there, and let this account write to $config."
  fi
  for one in "$noencap"/busy.*; do
    other=${one##*/busy.}
    if [ "$other" = "$verb,$me" ] || ! alive "$other"; then continue; fi
    rm -f "$mine"
    return 1
  done
}
# bury PATH...: removes these, and the files of dead verbs.
bury() {
  for one in "$noencap"/busy.*; do
    if [ -e "$one" ] && ! alive "${one##*/busy.}"; then set -- "$@" "$one"; fi
  done
  [ "$#" -eq 0 ] || rm -f "$@"
}

# begin: called before anything is changed. The line may die from here on; the work goes on. Only the holder of the lock gets
# past it, and a verb that it left running when its line died is waited for.
begin() {
  [ -n "$owner" ] || misuse "$verb needs owner="
  own_rights
  trap '' HUP PIPE INT
  proved
  if [ "$holding" != "$owner" ]; then
    holder=$(readlink "$noencap/lock") || refuse lock "nobody holds the lock of this router" "Take it with hold before $verb."
    if [ "${holder%%,*}" != "$owner" ] || ! alive "$holder"; then
      refuse lock "the lock of this router belongs to ${holder%%,*}, not to $owner" "Wait until that delivery ends."
    fi
  fi
  waited=0
  until alone; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then refuse lock "${other%%,*} is still running on this router" "Try again when it has ended."; fi
    sleep 1
  done
  trap done_here EXIT
  # Another verb may have changed them in the meantime.
  links=
}

# done_here: a session's lock is removed last, together with what its verbs leave behind.
done_here() { [ -n "$holding" ] || rm -f "$mine"; }
