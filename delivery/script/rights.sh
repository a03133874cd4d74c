# ---- with whose permissions a verb works
#
# On Debian BIRD's user owns the folder, and could lead root anywhere from there, with links created between a check and an open. So root
# works only where nobody else may write, and becomes the folder's owner elsewhere: what the owner may not do itself is not done for
# it.

# whose PATH: its `mode` and `uid`; of a link, those of the link itself.
whose() {
  set -f
  # shellcheck disable=SC2046
  set -- $(ls -ldn "$1" 2>/dev/null)
  set +f
  mode=${1:-} uid=${3:-}
}
# whose_of PATH: the same from `listing`; empty if `listing` does not have exactly this path.
whose_of() {
  mode='' uid=''
  case $listing in *" $1
"*) ;; *) return 0 ;; esac
  line=${listing%%" $1
"*}
  set -f
  # shellcheck disable=SC2086
  set -- ${line##*
}
  set +f
  mode=${1:-} uid=${3:-}
}
# of_root: what `whose` found belongs to root, and nobody else may replace it or change its content.
of_root() {
  [ "$uid" = 0 ] || return 1
  case $mode in ?????w???[tT]* | ????????w[tT]*) [ "${1:-}" = sticky ] ;; ?????w* | ????????w*) return 1 ;; esac
}

# own_rights: for root. The script is run again as the folder's owner.
own_rights() {
  [ -n "$rights" ] || rights=$(id -u)
  case $rights in
    0) ;;
    '' | *[!0-9]*) lack rights "cannot tell which account this is: id -u fails" "Repair the router: its file system or its memory fails." ;;
    *) return 0 ;;
  esac
  real=$(cd -P "$config" && pwd -P) || lack rights "this account may not enter $config" "Let this account read and write it."
  case $real in *[!A-Za-z0-9._/@:+=-]*) refuse rights "the path of $config has unsupported characters ($(printable "$real")), and this account is root" "Set ssh.user of this router to another account." ;; esac
  above=$real
  set --
  while [ -n "$above" ]; do
    above=${above%/*}
    set -- "$@" "${above:-/}"
  done
  listing="$(ls -ldn "$real" "$@" 2>/dev/null)
"
  whose_of "$real"
  if [ "$uid" != 0 ]; then become "$uid"; fi
  of_root || refuse rights "users other than root may write to $config, and this account is root" "As root on the router: chmod go-w $real"
  for above; do
    whose_of "$above"
    of_root sticky || refuse rights "users other than root may write to $above and so replace $config, and this account is root" "Set ssh.user of this router to another account, or move BIRD's folder to where only root may write."
  done
  open=$(find "$real" -type d '(' ! -user 0 -o -perm -0020 -o -perm -0002 ')' -print | head -n 1)
  if [ -n "$open" ]; then
    refuse rights "users other than root may write to $(printable "$open"), and this account is root" "As root on the router: chown -hR root $real && chmod -R go-w $real"
  fi
}
printable() { printf '%s' "$1" | tr -c 'A-Za-z0-9_./@+-' '?'; }

# become UID: becomes the folder's owner. A script that was sent is passed on; a forced command is read again.
become() {
  if [ "$answered" -ne 0 ]; then refuse usage "a session cannot move to another folder" "Start a session for each folder."; fi
  # shellcheck disable=SC2046
  user=$(set -f; set -- "$1" $(ls -ld "$real" 2>/dev/null); printf '%s' "${4:-}")
  case $user in '' | *[!A-Za-z0-9_.-]* | -*) user= ;; esac
  gid=$(id -g "$user" 2>/dev/null) || gid=
  if [ -z "$user" ] || [ -z "$gid" ] || [ "$(id -u "$user")" != "$1" ]; then
    refuse rights "$config belongs to UID $1, which has no account here, and this account is root" "As root on the router: chown -hR root $real"
  fi
  foreign=$(find "$real/k3s" "$real/.noencap" -type d ! -user "$1" -print 2>/dev/null | head -n 1)
  if [ -n "$foreign" ]; then
    refuse rights "$config belongs to $user, so root works there as $user, but $(printable "$foreign") belongs to somebody else" "As root on the router: chown -hR $user $real"
  fi
  cd /
  # shellcheck disable=SC2016
  if [ -n "${script:-}" ]; then own='script=$(cat <&3); exec 3<&-; eval "$script"'
  elif [ -n "${SSH_ORIGINAL_COMMAND:-}" ] && [ -f "$0" ]; then own='exec sh "$1"' script=
  else refuse rights "$config belongs to $user, and this account is root" "Set ssh.user of this router to $user, or as root on the router: chown -hR root $real"
  fi
  if setpriv --reuid "$1" --regid "$gid" --init-groups true 2>/dev/null; then
    exec setpriv --reuid "$1" --regid "$gid" --init-groups sh -c "$own" noencap "$0" 3<<END
$script
END
  fi
  if [ "$(su -s /bin/sh "$user" -c 'id -u' 2>/dev/null </dev/null)" = "$1" ]; then
    exec su -s /bin/sh "$user" -c "$own" noencap "$0" 3<<END
$script
END
  fi
  refuse rights "$config belongs to $user, and this account is root but cannot become $user: there is no setpriv, and su fails" "As root on the router: chown -hR root $real"
}
