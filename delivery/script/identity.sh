# ---- which router this is
#
# A host name, a forwarded port or a topology may lead to a router other than the one that is meant: nothing is written
# before the machine has proved which router it is.

# plain PATH: a file, not a link to one.
plain() { [ -f "$1" ] && [ ! -L "$1" ]; }

# read_mark: `mark` is NETWORK/ROUTER/ROUTER-ID, as written by the last delivery or the account's setup; empty if there is none.
read_mark() {
  mark=
  if there "$noencap/router"; then mark='?/?/?'; fi
  if plain "$noencap/router"; then IFS= read -r mark 2>/dev/null <"$noencap/router" || :; fi
  case $mark in *[!A-Za-z0-9./-]*) mark='?/?/?' ;; '') ! there "$noencap/router" || mark='?/?/?' ;; esac
}
# is_meant MARK: at least two of network, name and router ID match the router that is meant, so that each of them may change.
is_meant() {
  case $1 in */*/*) ;; *) return 1 ;; esac
  rest=$1 meant=$router equal=0
  for _ in network name id; do
    if [ "${rest%%/*}" = "${meant%%/*}" ]; then equal=$((equal + 1)); fi
    rest=${rest#*/} meant=${meant#*/}
  done
  [ "$equal" -ge 2 ]
}
# prove: `stranger` is why this may be another router, `stranger_fix` what to do; empty if it is the one that is meant. A router without a mark must have the expected
# router ID, or have it in the constant that the sessions take theirs from.
prove() {
  stranger='' stranger_fix=''
  if [ -z "$router" ]; then return 0; fi
  read_mark
  id=${router##*/}
  if [ -n "$mark" ]; then
    if is_meant "$mark"; then return 0; fi
    stranger="this machine is the router $mark, but $router is meant"
    stranger_fix="Fix ssh.host and ssh.port of the router that is meant. If this machine has become it, run there, as a user who may write to $config: echo $router > $noencap/router"
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
  stranger="nothing shows that this machine is the router $router: its BIRD has the router ID ${found:-(none)}"
  stranger_fix="Fix ssh.host, ssh.port or routerId of that router, or set router id $id in $config/bird.conf. If it is the right machine anyway, run there, as a user who may write to $config: mkdir -p $noencap && echo $router > $noencap/router"
}
# proved: called before anything is written under the lock. Another line may lead to another machine.
proved() {
  if [ -z "$router" ]; then return 0; fi
  read_mark
  if [ -n "$mark" ] && ! is_meant "$mark"; then refuse identity "this machine is the router $mark, but $router is meant" "Fix ssh.host and ssh.port of the router that is meant."; fi
}
# renew_mark: records a change of one of the three even if no file changes, so that the next one may change.
renew_mark() {
  if [ -z "$router" ] || [ -z "$mark" ] || [ "$mark" = "$router" ]; then return 0; fi
  permissions
  put_mark
}
put_mark() {
  if [ -z "$router" ] || [ "$mark" = "$router" ]; then return 0; fi
  away "$noencap/router.new"
  { printf '%s\n' "$router" >"$noencap/router.new" && chmod "$file_mode" "$noencap/router.new" && mv -fT "$noencap/router.new" "$noencap/router"; } 2>/dev/null ||
    lack folder "cannot write $noencap/router ($(free) kB are free)" "Make room there, and let this account write to $config."
}
