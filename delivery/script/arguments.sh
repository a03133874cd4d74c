# The input of the script: settings, a verb and its arguments. Each is checked before anything is done: behind a forced command they
# come from whoever holds the key.
#
# Usage: any settings (config=DIR entry=k3s|bird.conf secret=NAME birdc=FILE socket=FILE main=FILE owner=TEXT
# router=NETWORK/NAME/ID), then VERB, then its arguments. Every answer is lines of "key value", and the last is "end". A fault
# has the lines code, message and fix instead.
# Exit codes: 0 done, 1 refused, 2 wrong use, 3 this router lacks something.
set -u
# Never write to a file that already exists, not even through a link.
set -C
umask 077
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

version=7
limit=33554432

# A reader that is gone must not end what is running here.
say() { printf '%s\n' "$*" 2>/dev/null || :; }
one_line() { printf '%s' "$1" | tr '\n' ' '; }
# stop STATUS CODE MESSAGE FIX: the fault in lines for noencap, and in words for people.
stop() {
  say "code $2"
  say "message $(one_line "$3")"
  say "fix $(one_line "$4")"
  case $3 in *[.\!\?]) words="$3 $4" ;; *) words="$3. $4" ;; esac
  printf '%s\n' "$words" >&2 2>/dev/null || :
  exit "$1"
}
refuse() { stop 1 "$@"; }
lack() { stop 3 "$@"; }
misuse() { stop 2 usage "$1" "${2:-Run the noencap that set this account up, or set the account up again with ship --setup.}"; }

word() {
  case $1 in '' | -* | *[!A-Za-z0-9._/@:+=-]*) misuse "an argument is empty or has characters other than letters, digits and ._/@:+=-" ;; esac
  if [ "${#1}" -gt 1000 ]; then misuse "an argument is longer than 1000 characters"; fi
}
path() {
  case $1 in /*) ;; *) misuse "$1 is not an absolute path" ;; esac
  case $1/ in */../* | */./* | *//*) misuse "$1 has an empty component, . or .. in it" ;; esac
}
number() {
  case $1 in '' | *[!0-9]* | ??????*) misuse "$1 is not a number of at most five digits" ;; esac
  if [ "$1" -lt "$2" ] || [ "$1" -gt "$3" ]; then misuse "$1 is not between $2 and $3"; fi
}
release_name() {
  case $1 in *[!0-9a-f]*) misuse "$1 is not a valid release: use 16 hexadecimal digits" ;; esac
  if [ "${#1}" -ne 16 ]; then misuse "$1 is not a valid release: use 16 hexadecimal digits"; fi
}
# A file in BIRD's folder that nothing else needs.
secret_name() {
  case $1 in
    '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.@+-]* | bird.conf | envvars | k3s | manifest | sysctl.d | systemd) misuse "$1 is not a valid name for a password file" ;;
  esac
  if [ "${#1}" -gt 100 ]; then misuse "the name of a password file has at most 100 characters"; fi
}
owner_name() {
  case $1 in '' | *[!A-Za-z0-9._@:+-]*) misuse "$1 is not a valid owner: use letters, digits and ._@:+-" ;; esac
  if [ "${#1}" -gt 100 ]; then misuse "an owner has at most 100 characters"; fi
}

# NETWORK/NAME/ID, and optionally the constant in BIRD's configuration that holds the ID.
router_name() {
  constant=
  case $1 in */*/*/*) constant=${1##*/} ;; esac
  router=${1%"${constant:+/$constant}"}
  case $router in [!/]*/[!/]*/[!/]*) ;; *) misuse "$1 is not a valid router: use NETWORK/NAME/ID" ;; esac
  case $router in */*/*/* | *[!A-Za-z0-9./-]*) misuse "$1 is not a valid router: use NETWORK/NAME/ID" ;; esac
  case ${router##*/} in *[!0-9.]*) misuse "$1 is not a valid router: use NETWORK/NAME/ID" ;; esac
  case $constant in *[!A-Za-z0-9_]*) misuse "$constant is not a valid constant" ;; esac
}

config=/etc/bird
entry=k3s
birdc=birdc
socket='' main='' secret='' owner='' router='' constant='' sysctls=''
fixed=
# How many verbs a session has answered so far, and how many bytes of input the current line has announced.
answered=0 announced=
# The owner that holds the lock over this very line.
holding=
# Cached results, and what they were computed for.
ours_in='' permissions_of='' links='' rights=
setting() {
  case $1 in
    config=*) path "${1#*=}"; config=${1#*=} ;;
    main=*) path "${1#*=}"; main=${1#*=} ;;
    socket=*) path "${1#*=}"; socket=${1#*=} ;;
    birdc=*) path "${1#*=}"; birdc=${1#*=} ;;
    entry=k3s | entry=bird.conf) entry=${1#*=} ;;
    secret=*) secret_name "${1#*=}"; secret=${1#*=} ;;
    owner=*) owner_name "${1#*=}"; owner=${1#*=} ;;
    router=*) router_name "${1#*=}" ;;
    sysctl=*)
      case ${1#*=} in *[!a-z0-9._]* | .* | *..*) misuse "${1#*=} is not a kernel setting" ;; esac
      sysctls="$sysctls ${1#*=}"
      ;;
    *) misuse "$1 is not a setting" ;;
  esac
}
chosen() { printf '%s
' "config=$config entry=$entry secret=$secret birdc=$birdc socket=$socket main=$main"; }
# "fixed SETTINGS -- ...": what a forced command allows. Settings after it may repeat these, but not change them.
if [ "${1:-}" = fixed ]; then
  shift
  while [ "${1:---}" != -- ]; do word "$1"; setting "$1"; fixed="$fixed $1 "; shift; done
  if [ "$#" -eq 0 ]; then misuse "fixed settings must end with --"; fi
  shift
  permitted=$(chosen)
else
  permitted=
fi
arguments() { if [ "$1" -ne "$2" ]; then misuse "$verb takes $1 arguments, not $2"; fi; }

# serve SETTINGS VERB ARGUMENTS: runs the verb.
serve() {
  for argument; do word "$argument"; done
  while [ "$#" -gt 0 ]; do
    case $1 in *=*) setting "$1"; shift ;; *) break ;; esac
  done
  if [ -n "$permitted" ] && [ "$permitted" != "$(chosen)" ]; then
    misuse "this account may not choose these settings; the router fixes them: $permitted" "If the topology has others now, set the account up again with ship --setup."
  fi
  verb=${1:-}
  [ "$#" -eq 0 ] || shift
  case $verb in hold | show) [ "$answered" -eq 0 ] || misuse "$verb is not allowed in a session" ;; esac
  links='' permissions_of=''
  case $verb in protocols | look | forwarded) ;; *) what_is_ours ;; esac
  myself
  case $verb in
    inspect | protocols | look | forwarded | show | hold | stage | adopt | check | apply | confirm | undo | discard | settle) "$verb" "$@" ;;
    *) misuse "${verb:-(none)} is not a verb" "The verbs are inspect, protocols, look, forwarded, show, hold, stage, adopt, check, apply, confirm, undo, discard, settle." ;;
  esac
}

# what_is_ours: `required` is what a release must have; `entries` adds what it may have or had: a password, and what is already
# a link of ours. `secrets` are the entries that nobody else may read.
what_is_ours() {
  # Within a session only settings can make something ours that was not.
  if [ "$ours_in" = "$config $entry $secret" ]; then return 0; fi
  for tool in cat chgrp chmod cp cut df find grep head id ln ls mkdir mv readlink rm sed sha256sum sleep sort sync tail tar timeout touch tr wc; do
    command -v "$tool" >/dev/null 2>&1 || lack tools "this router has no $tool" "Install coreutils, findutils, grep, sed and tar, or busybox."
  done
  [ -d "$config" ] || lack folder "there is no folder $config" "Set bird.configDir of this router to the folder of its BIRD configuration."
  noencap=$config/.noencap
  if [ -L "$noencap" ]; then refuse folder "$noencap is a link, which may lead anywhere" "Replace it with a folder, or remove it."; fi
  required=k3s
  if [ "$entry" = bird.conf ]; then required='bird.conf k3s'; fi
  entries=$required secrets=
  if [ -n "$secret" ]; then ours "$secret"; fi
  for one in "$config"/*; do
    one=${one##*/}
    case $one in *[!A-Za-z0-9_.@+-]*) continue ;; esac
    if linked "$one"; then ours "$one"; fi
  done
  ours_in="$config $entry $secret"
}
ours() {
  case " $entries " in *" $1 "*) return 0 ;; esac
  entries="$entries $1"
  if [ "$1" != bird.conf ]; then secrets="$secrets $1"; fi
}
