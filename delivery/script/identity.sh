# ---- which router this is
#
# Which router this is. A host name, a port that is forwarded or a topology may lead to another one than was meant: nothing is written
# before the machine has proved who it is.

# plain PATH: a file, and no link to one.
plain() { [ -f "$1" ] && [ ! -L "$1" ]; }

# read_mark: `mark` is NETWORK/ROUTER/ROUTER-ID, as the last delivery or whoever set the account up has written it; nothing if nobody has.
read_mark() {
  mark=
  if there "$noencap/router"; then mark='?/?/?'; fi
  if plain "$noencap/router"; then IFS= read -r mark 2>/dev/null <"$noencap/router" || :; fi
  case $mark in *[!A-Za-z0-9./-]*) mark='?/?/?' ;; '') ! there "$noencap/router" || mark='?/?/?' ;; esac
}
# is_meant MARK: two of network, name and router ID are those of the router that is meant. So each of them may change.
is_meant() {
  case $1 in */*/*) ;; *) return 1 ;; esac
  rest=$1 meant=$router equal=0
  for _ in network name id; do
    if [ "${rest%%/*}" = "${meant%%/*}" ]; then equal=$((equal + 1)); fi
    rest=${rest#*/} meant=${meant#*/}
  done
  [ "$equal" -ge 2 ]
}
# prove: `stranger` is why this may be another router; nothing if it is the one that is meant. One without a mark has the router ID
# that it is to have, or the constant that the sessions take theirs from.
prove() {
  stranger=
  if [ -z "$router" ]; then return 0; fi
  read_mark
  id=${router##*/}
  if [ -n "$mark" ]; then
    is_meant "$mark" || stranger="this machine is the router $mark, and $router is meant. Mend ssh.host and ssh.port of that router. If the machine is another one now, as who may write to $config there: echo $router > $noencap/router"
    return 0
  fi
  ask show status
  message 1011
  found=${text#Router ID is }
  if [ "$found" = "$id" ]; then return 0; fi
  if [ -n "$constant" ]; then
    ask eval "$constant"
    message 0023
    if [ "$text" = "$id" ]; then return 0; fi
  fi
  stranger="nothing shows that this machine is the router $router: its BIRD has the router ID ${found:-(none)}. Mend ssh.host, ssh.port or routerId of that router; or set router id $id in $config/bird.conf. If it is the right machine all the same, as who may write to $config there: mkdir -p $noencap && echo $router > $noencap/router"
}
# proved: before anything is written under the lock. What another line led to may be another machine.
proved() {
  if [ -z "$router" ]; then return 0; fi
  read_mark
  if [ -n "$mark" ] && ! is_meant "$mark"; then refuse "this machine is the router $mark, and $router is meant"; fi
}
# renew_mark: the next of the three may change only when this one is written down, also where no file changes.
renew_mark() {
  if [ -z "$router" ] || [ -z "$mark" ] || [ "$mark" = "$router" ]; then return 0; fi
  permissions
  put_mark
}
put_mark() {
  if [ -z "$router" ] || [ "$mark" = "$router" ]; then return 0; fi
  away "$noencap/router.new"
  { printf '%s\n' "$router" >"$noencap/router.new" && chmod "$file_mode" "$noencap/router.new" && mv -fT "$noencap/router.new" "$noencap/router"; } 2>/dev/null ||
    lack "cannot write $noencap/router ($(free) kB are free)"
}
