# ---- inspect: reads and changes nothing

# absolute_includes: reports the includes, from the main file on, that name something below this folder by its full
# path. BIRD accepts an include only at the start of a line. Our own files have none, and are skipped.
absolute_includes() {
  queue=$main seen=
  count=0
  while [ -n "$queue" ] && [ "$count" -lt 1000 ]; do
    count=$((count + 1))
    file=${queue%%
*}
    case $queue in *"
"*) queue=${queue#*
} ;; *) queue= ;; esac
    case "
$seen
" in *"
$file
"*) continue ;; esac
    seen="$seen
$file"
    case $file in "$config"/k3s/*) continue ;; esac
    if [ ! -f "$file" ]; then continue; fi
    found=$(sed -n '/^[[:space:]]*include[[:space:]]*"[^"]*"/{=;s/^[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p;}' "$file" 2>/dev/null)
    while IFS= read -r number && IFS= read -r included; do
      if [ -z "$included" ]; then continue; fi
      case $included in
        "$config"/* | "$real_config"/*) say "absolute $file:$number $included" ;;
        /*) ;;
        *) included=${file%/*}/$included ;;
      esac
      for one in $included; do
        if [ ! -f "$one" ]; then continue; fi
        queue="${queue:+$queue
}$one"
      done
    done <<END
$found
END
  done
}

inspect() {
  arguments 0 "$#"
  own_rights
  say "protocol $version"
  main_file
  # Every answer begins with: 0001 BIRD 2.0.12 ready.
  message 0001
  text=${text#BIRD }
  say "bird ${text% ready.}"
  say "main $main"
  cd -P "$config" || lack rights "this account may not enter $config" "Let this account read and write it."
  real_config=$PWD
  if has 0020; then say "live-check ok"; else say "live-check $(last_line)"; fi
  prove
  if [ -n "$stranger" ]; then
    say "stranger $stranger"
    say "stranger-fix $stranger_fix"
  elif [ -n "$router" ] && [ -n "$mark" ] && [ "$mark" != "$router" ]; then say "formerly $mark"
  fi
  status
  say "settled $settled"
  if [ -n "$pending" ]; then say "pending $pending"; fi
  points "$noencap/lock"
  if [ -n "$target" ] && alive "$target"; then say "holder ${target%%,*}"; fi
  if [ -w "$config" ]; then say "writable yes"; else say "writable no"; fi
  space -Pk
  say "disk $room"
  # - if the file system does not count inodes.
  space -Pi
  say "inodes $room"
  read_state
  if [ -n "$state" ]; then say "state $state"; fi
  read_live
  if [ -n "$live" ]; then say "live $live"; fi
  for one in $entries; do
    if linked "$one"; then say "entry $one linked"
    elif there "$config/$one"; then say "entry $one real"
    else say "entry $one missing"
    fi
  done
  live_files
  if [ -n "$secret" ]; then
    place_of "$secret"
    read_salt "$place"
    if [ -n "$salt" ]; then say "salt $salt"; fi
  fi
  place_of k3s
  if [ -n "$place" ] && plain "$place/drained"; then
    IFS= read -r drained 2>/dev/null <"$place/drained" || :
    drained=$(printf '%s' "${drained:-?}" | tr -c 'A-Za-z0-9_./@:+ -' '?')
    say "drained ${drained%% *} ${drained##* }"
  fi
  absolute_includes
  ask show symbols
  for one in "$noencap"/releases/*; do
    case ${one##*/} in *[!0-9a-f]*) continue ;; esac
    if [ -d "$one" ] && defined "${one##*/}"; then say "running ${one##*/}"; fi
  done
  for one in $sysctls; do
    say "sysctl $one $({ tr '\t\n' '  ' <"/proc/sys/$(printf '%s' "$one" | tr . /)"; } 2>/dev/null)"
  done
  ask show protocols all
  of_protocols
  unresolved
  say end
}

# live_files: lists our files with their hashes; anything that is not a file or has a name that no release can have (see `name`; sha256sum puts
# a backslash before the hash of such a name); and the manifest of the live release. Paths found begin with a dot, those in a manifest do not.
live_files() {
  set --
  for one in $entries; do
    place_of "$one"
    if [ -n "$place" ]; then set -- "$@" "./$one"; elif there "./$one"; then say "odd $one"; fi
  done
  { [ "$#" -eq 0 ] || find -H "$@" ! -type f ! -type d -print; } | sed 's,^\./,,;s,[^A-Za-z0-9_./@+-],?,g;s/^/odd /'
  { [ "$#" -eq 0 ] || find -H "$@" -type f -exec sha256sum '{}' +; } |
    sed -e '/^[0-9a-f]*  [^.]/{s/^/manifest /;s/  / /;b' -e '}' -e '/^\\/b odd' -e '/  .*[^A-Za-z0-9_./@+-]/b odd' -e '/\/[@+-]/b odd' \
      -e 's,  \./, ,;s/^/file /;b' -e ':odd' -e 's,^[^ ]*  \./,,;s,[^A-Za-z0-9_./@+-],?,g;s/^/odd /' - ${live:+"$noencap/live/manifest"} 2>/dev/null
}

# of_protocols: prints the names from BIRD's answer, and what the gate reads; the full answer of a router with 100 sessions is four times as long.
of_protocols() { printf '%s\n' "$reply" | sed -nE '1d;/^(....[- ]| )[^ ]|(BGP state|Neighbor address|Last error|Restart timer|State|Routes):|Channel /s/^/all /p'; }

# unresolved: for each BGP protocol that has any, the number of routes with an unresolved next hop: BIRD keeps them as unreachable, or as
# whatever drops packets if the next hop resolves to that, such as a blackhole default route. It counts them as
# imported, so no count of a protocol shows them.
unresolved() {
  ask show route table all where source = RTS_BGP '&&' dest '!=' RTD_UNICAST
  case $(last_line) in [89][0-9][0-9][0-9]*) lack bird "BIRD does not say which next hops it resolves: $(last_line)" "Check what BIRD is busy with, and run it again." ;; esac
  printf '%s\n' "$reply" | sed -nE 's/^.*[[:space:]](unreachable|blackhole|prohibited)[[:space:]]+\[([^] ]+)[] ].*$/\2/p' | sort | uniq -c | sed -E 's/^ *([0-9]+) /unresolved \1 /'
}

# protocols: prints the state of BIRD's protocols when its input ends or has a line, for a gate that asks again and again: it may
# connect long before it asks.
protocols() {
  arguments 0 "$#"
  say ready
  IFS= read -r line || :
  ask show protocols all
  of_protocols
  unresolved
  say end
}

# show FILE: prints one of our live files unchanged, but never a password. For the diff that a refused delivery shows.
show() {
  arguments 1 "$#"
  case /$1/ in */../* | */./* | *//*) misuse "$1 leaves the folder" ;; esac
  case $1 in k3s/* | bird.conf) ;; *) misuse "$1 is not noencap's" ;; esac
  own_rights
  base=$config
  read_live
  if linked "${1%%/*}"; then base=$noencap/releases/$live; fi
  base=$(cd -P "$base" && pwd -P) || refuse folder "there is no file $config/$1" "Run inspect: it lists the files that are there."
  [ -f "$base/$1" ] || refuse folder "there is no file $config/$1" "Run inspect: it lists the files that are there."
  [ -r "$base/$1" ] || lack rights "cannot read $config/$1" "Let this account read it."
  opened "$1" 3<"$base/$1" || lack rights "cannot read $config/$1" "Let this account read it."
}
# opened FILE: the file is checked once it is open, so that nobody can replace it with a link between the check and the read.
opened() {
  [ "$(readlink /proc/self/fd/3)" = "$base/$1" ] || refuse folder "$config/$1 is a link, or behind one, and noencap follows none" "Replace it with the file itself."
  head -c 1048576 <&3
}
