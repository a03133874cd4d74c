# ---- check, apply, confirm, undo, settle: the verbs that change what BIRD runs
#
# They rely on these facts (BIRD 2.0.12, each held by a test): an undo swaps the configurations in BIRD's memory and touches no file;
# any second `configure`, even one that fails, ends the undo timer for good; `configure check` does not; `confirm` after the undo
# answers 0019 and birdc exits with 0; 0004 and 0005 mean that the configuration is not applied yet; `show symbols` shows what is
# defined in the running configuration.

# not_taken HASH REPLY: reports places in the staged copy as places in the configuration folder.
not_taken() {
  complaint=$(printf '%s\n' "$2" | sed "s|^8002 ||;s|$noencap/staged/||g")
  say "error $complaint"
  for hidden in $secrets; do
    case $complaint in
      *"/$hidden: Permission denied") refuse rights "BIRD may not read its password: only the group of $main may" "Set that to BIRD's own group with chgrp." ;;
    esac
  done
  refuse configuration "BIRD rejects release $1: $complaint" "Fix that, in the topology or in the files of your own, and ship again."
}

# check HASH: BIRD reads the staged tree. Then it reads a tree with a fault in place of our files, and must fail on it: if it
# does not, the main file includes ours in another way, and the live files were checked instead.
check() {
  arguments 1 "$#"
  release_name "$1"
  begin
  staged_is "$1"
  ask configure check "\"$noencap/staged/$main_name\""
  has 0020 || not_taken "$1" "$(last_line)"
  trap 'away "$noencap/probe" "$noencap/fault"; done_here' EXIT
  away "$noencap/probe" "$noencap/fault"
  permissions
  umask "$mask"
  if ! mkdir "$noencap/fault" 2>/dev/null ||
    ! printf 'noencap tests whether BIRD reads this;\n' 2>/dev/null >"$noencap/fault/ibgp.conf" ||
    ! mkdir "$noencap/probe" 2>/dev/null ||
    ! cp -RP "$noencap/staged/." "$noencap/probe/" 2>/dev/null ||
    ! ln -sfn ../fault "$noencap/probe/k3s" 2>/dev/null; then
    lack folder "cannot write to $noencap ($(free) kB are free)" "Make room there, and let this account write to $config."
  fi
  umask 077
  chgrp -Rh "$group" "$noencap/fault" "$noencap/probe" 2>/dev/null || lack rights "cannot give $noencap/probe the group of $main" "Make this account a member of it."
  ask configure check "\"$noencap/probe/$main_name\""
  message 8002
  case $text in
    "$noencap/probe/k3s/"*) ;;
    *) refuse main-file "BIRD does not read k3s/ibgp.conf of a staged copy of $config" "Include it in $main as: include \"k3s/ibgp.conf\";" ;;
  esac
  say "checked $1"
  say end
}

# apply HASH SECONDS: BIRD runs the staged tree, and reverts by itself after that time.
apply() {
  arguments 2 "$#"
  release_name "$1"
  number "$2" 5 3600
  begin
  status
  read_state
  if [ -n "$pending" ] && [ "$state" = "applying $1" ] && runs "$1"; then
    settles 30 || refuse bird "BIRD is still applying the new configuration after 30 seconds" "Undo it."
    say "applied $1"
    [ -n "$pending" ] || refuse state "BIRD runs release $1 and will not revert by itself: somebody else confirmed it" "Undo it."
    say "pending $pending"
    say end
    return 0
  fi
  idle
  staged_is "$1"
  if [ -n "$pending" ]; then refuse state "a change that is not noencap's awaits confirmation, with $pending s left" "Run birdc configure confirm or birdc configure undo on the router first."; fi
  if [ "$settled" = no ]; then refuse bird "BIRD is still busy with its last reconfiguration" "Try again when birdc configure status says that it is done."; fi
  for one in $entries; do
    if there "$config/$one" && ! linked "$one"; then refuse drift "$config/$one was not shipped by noencap" "Adopt it first."; fi
  done
  put_state "applying $1" || lack folder "cannot write $noencap/state ($(free) kB are free)" "Make room there, and let this account write to $config."
  ask configure "\"$noencap/staged/$main_name\"" timeout "$2"
  if ! has 0003 && ! has 0004 && ! has 0005; then
    refused=$(last_line)
    if runs "$1"; then refuse state "BIRD gave an unexpected answer, but runs release $1: $refused" "Undo it."; fi
    state_back
    not_taken "$1" "$refused"
  fi
  settles "$(($2 < 32 ? $2 - 2 : 30))" || refuse bird "BIRD is still applying the new configuration" "Undo it, or BIRD reverts by itself."
  runs "$1" || refuse state "BIRD accepted release $1 but no longer runs it: somebody else reconfigured it" "Run settle."
  [ -n "$pending" ] || refuse state "BIRD runs release $1 and will not revert by itself: somebody else confirmed it" "Undo it."
  say "applied $1"
  say "pending $pending"
  say end
}

# flip HASH: makes the release what BIRD reads at its next start.
flip() {
  point_live "$1" || return 1
  for one in $entries; do
    if [ ! -e "$noencap/live/$one" ]; then continue; fi
    linked "$one" || link_entry "$one" || return 1
  done
}

# forget: removes our links to entries that the live release lacks, such as a password that is no longer used.
forget() {
  for one in $entries; do
    if [ ! -e "$config/$one" ] && linked "$one"; then rm -f "$config/$one"; fi
  done
}

# back: BIRD runs the live files. Used when an undo is not possible.
back() {
  ask configure check
  has 0020 || refuse configuration "BIRD rejects the live files too: $(last_line)" "Fix them and run birdc configure."
  ask configure
  if ! has 0003 && ! has 0004 && ! has 0005; then refuse bird "BIRD does not return to the live files: $(last_line)" "Run birdc configure on the router."; fi
  settles 60 || refuse bird "BIRD is still busy returning to the live files" "Run settle."
}

# take_back HASH: undoes the release if the timer still runs. Never undo twice: the second undo would swap the new configuration in again.
take_back() {
  status
  if [ -n "$pending" ] && runs "$1"; then
    ask configure undo
    has 0021 || has 0019 || refuse bird "BIRD refuses the undo: $(last_line)" "It reverts by itself when the time is up."
    settles 60 || refuse bird "BIRD is still busy with the undo" "Run settle."
  elif [ "$settled" = no ]; then
    settles 60 || refuse bird "BIRD is still busy with its last reconfiguration" "Run settle."
  fi
  if runs "$1"; then back; fi
  status
  if [ -n "$pending" ]; then refuse state "a change that is not noencap's awaits confirmation, with $pending s left" "Run birdc configure confirm or birdc configure undo on the router first."; fi
  if runs "$1"; then refuse state "BIRD still runs release $1" "Run birdc configure on the router."; fi
}

# ship HASH BEFORE: BIRD runs the release for good, so the files follow. If they cannot, BIRD returns to the old files.
ship() {
  if ! flip "$1"; then
    if [ -n "$2" ]; then point_live "$2"; else rm -f "$noencap/live"; fi
    forget
    back
    state_back
    refuse folder "the files cannot be put in place ($(free) kB are free in $config); BIRD runs the old configuration again" "Make room there, and ship again."
  fi
  forget
  put_state "shipped $1" || lack state "release $1 is in place, but $noencap/state cannot be written" "Run settle."
  durable
  away "$noencap/staged" "$noencap"/replaced.*
  prune "$1"
}
# prune LIVE: keeps the live release and the two before it.
prune() {
  set -- "$1" "$noencap"/releases/*
  if [ "$#" -le 4 ]; then return 0; fi
  kept=0
  # shellcheck disable=SC2012
  ls -1t "$noencap/releases" | while IFS= read -r one; do
    case $one in *[!0-9a-f]*) continue ;; esac
    if [ "$one" = "$1" ]; then continue; fi
    kept=$((kept + 1))
    if [ "$kept" -gt 2 ]; then rm -rf "${noencap:?}/releases/$one"; fi
  done
}

# confirm HASH: ships the release only if BIRD says that the confirmation was in time. From here on nothing depends on the caller.
confirm() {
  arguments 1 "$#"
  release_name "$1"
  begin
  read_state
  read_live
  case $state in
    "shipped $1")
      if [ "$live" = "$1" ]; then say "shipped $1"; say end; return 0; fi
      refuse state "release $1 was shipped, but $noencap/live points elsewhere" "Run settle." ;;
    "applying $1" | "confirming $1") ;;
    *) refuse state "release $1 is not applied on this router" "Apply it first." ;;
  esac
  status
  if [ "$settled" = no ]; then refuse bird "BIRD is busy with a reconfiguration" "Run settle."; fi
  runs "$1" || refuse state "too late: BIRD no longer runs release $1 (its time was up, or BIRD was restarted); the files are untouched" "Run settle, then ship again."
  if [ "$state" = "applying $1" ] || [ -n "$pending" ]; then
    for one in $entries; do
      if there "$config/$one" && ! linked "$one"; then refuse drift "$config/$one was not shipped by noencap" "Adopt it first."; fi
    done
    put_state "confirming $1" || lack folder "cannot write $noencap/state ($(free) kB are free); BIRD reverts by itself" "Make room there, and let this account write to $config."
    ask configure confirm
    if ! has 0018; then
      refuse state "too late: BIRD says $(last_line)" "Run settle, then ship again."
    fi
  fi
  ship "$1" "$live"
  say "shipped $1"
  say end
}

# undo: BIRD runs the live files, and nothing is staged or pending.
undo() {
  arguments 0 "$#"
  begin
  read_state
  read_live
  hash=${state#* }
  case $state in
    applying* | confirming*)
      if [ "$live" = "$hash" ]; then refuse state "release $hash is already in place" "Run settle."; fi
      take_back "$hash"
      # On a full disk, removing what was staged makes room to record the undo.
      rm -rf "$noencap/staged"
      state_back
      say "undone $hash"
      ;;
    *) say "undone none" ;;
  esac
  away "$noencap/staged"
  clean
  say end
}

# settle: after a delivery that was cut off. An unconfirmed change is undone; one that BIRD has confirmed is completed; if a
# restart of BIRD in between leaves doubt, BIRD is told to read the live files, which changes nothing if it already runs
# them.
settle() {
  arguments 0 "$#"
  begin
  clean
  renew_mark
  repair
  read_state
  read_live
  hash=${state#* }
  case $state in
    confirming*)
      status
      if [ "$settled" = no ]; then settles 60 || refuse bird "BIRD is still busy with its last reconfiguration" "Run settle."; fi
      if [ "$live" = "$hash" ]; then
        if ! runs "$hash"; then back; fi
        ship "$hash" "$hash"
        say "settled shipped $hash"
      elif [ -z "$pending" ] && runs "$hash"; then
        ship "$hash" "$live"
        say "settled shipped $hash"
      else
        take_back "$hash"
        state_back
        say "settled undone $hash"
      fi
      ;;
    applying*)
      take_back "$hash"
      state_back
      say "settled undone $hash"
      ;;
    *)
      # An adoption that was cut off after it put the files in place.
      if [ "$state" != "${live:+shipped $live}" ]; then state_back; fi
      say "settled nothing"
      ;;
  esac
  forget
  away "$noencap/staged"
  say end
}
