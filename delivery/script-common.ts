/**
 * What all verbs of the router's script share: arguments, locks, BIRD's answers and files. Every argument is checked
 * before anything is done: behind a forced command they come from whoever holds the key.
 */
export const COMMON = `# noencap's work on a router: VERB, after any settings (config=DIR entry=k3s|bird.conf secret=NAME birdc=FILE
# socket=FILE main=FILE owner=TEXT), before its arguments. Every answer is lines of "key value", and the last is "end".
# Ends with 0 done, 1 refused, 2 wrong use, 3 this router lacks something.
set -u
umask 077
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

version=2
limit=33554432

# A reader that is gone must not end what is at work here.
say() { printf '%s\\n' "$*" 2>/dev/null || :; }
stop() { code=$1; shift; printf '%s\\n' "$*" >&2 2>/dev/null || :; exit "$code"; }
refuse() { stop 1 "$@"; }
misuse() { stop 2 "$@"; }
lack() { stop 3 "$@"; }

word() {
  case $1 in '' | -* | *[!A-Za-z0-9._/@:+=-]*) misuse "an argument is empty or holds something else than letters, digits and ._/@:+=-" ;; esac
  if [ "\${#1}" -gt 200 ]; then misuse "an argument is longer than 200 characters"; fi
}
path() {
  case $1 in /*) ;; *) misuse "$1 is no absolute path" ;; esac
  case $1/ in */../* | */./* | *//*) misuse "$1 has an empty part, . or .. in it" ;; esac
}
number() {
  case $1 in '' | *[!0-9]* | ??????*) misuse "$1 is not a number of at most five digits" ;; esac
  if [ "$1" -lt "$2" ] || [ "$1" -gt "$3" ]; then misuse "$1 is not between $2 and $3"; fi
}
release_name() {
  case $1 in *[!0-9a-f]*) misuse "$1 is no release: 16 hexadecimal digits" ;; esac
  if [ "\${#1}" -ne 16 ]; then misuse "$1 is no release: 16 hexadecimal digits"; fi
}
# A file of BIRD's folder that nobody else needs there.
secret_name() {
  case $1 in
    '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.@+-]* | bird.conf | envvars | k3s | manifest | sysctl.d) misuse "$1 is no name for a password file" ;;
  esac
  if [ "\${#1}" -gt 100 ]; then misuse "the name of a password file has at most 100 characters"; fi
}
owner_name() {
  case $1 in '' | *[!A-Za-z0-9._@:+-]*) misuse "$1 is no owner: letters, digits and ._@:+-" ;; esac
  if [ "\${#1}" -gt 100 ]; then misuse "an owner has at most 100 characters"; fi
}

config=/etc/bird
entry=k3s
birdc=birdc
socket='' main='' secret='' owner='' sysctls=''
fixed=
# What a session has answered so far, and how many bytes its line has announced.
answered=0 announced=
# Who holds the lock over this very line.
holding=
# What was found out already, and of what.
ours_in='' permissions_of='' links=
setting() {
  case $1 in
    config=*) path "\${1#*=}"; config=\${1#*=} ;;
    main=*) path "\${1#*=}"; main=\${1#*=} ;;
    socket=*) path "\${1#*=}"; socket=\${1#*=} ;;
    birdc=*) path "\${1#*=}"; birdc=\${1#*=} ;;
    entry=k3s | entry=bird.conf) entry=\${1#*=} ;;
    secret=*) secret_name "\${1#*=}"; secret=\${1#*=} ;;
    owner=*) owner_name "\${1#*=}"; owner=\${1#*=} ;;
    sysctl=*)
      case \${1#*=} in *[!a-z0-9._]* | .* | *..*) misuse "\${1#*=} is no kernel setting" ;; esac
      sysctls="$sysctls \${1#*=}"
      ;;
    *) misuse "$1 is no setting" ;;
  esac
}
chosen() { printf '%s\n' "config=$config entry=$entry secret=$secret birdc=$birdc socket=$socket main=$main"; }
# "fixed SETTINGS -- ...": what a forced command allows. What comes after may repeat these, not change them.
if [ "\${1:-}" = fixed ]; then
  shift
  while [ "\${1:---}" != -- ]; do word "$1"; setting "$1"; fixed="$fixed $1 "; shift; done
  if [ "$#" -eq 0 ]; then misuse "fixed settings end with --"; fi
  shift
  permitted=$(chosen)
else
  permitted=
fi
arguments() { if [ "$1" -ne "$2" ]; then misuse "$verb takes $1 arguments, not $2"; fi; }

# serve SETTINGS VERB ARGUMENTS: does it.
serve() {
  for argument; do word "$argument"; done
  while [ "$#" -gt 0 ]; do
    case $1 in *=*) setting "$1"; shift ;; *) break ;; esac
  done
  if [ -n "$permitted" ] && [ "$permitted" != "$(chosen)" ]; then
    misuse "this account may not choose these settings; they are fixed on the router: $permitted. If the topology has others now, set the account up again."
  fi
  verb=\${1:-}
  [ "$#" -eq 0 ] || shift
  case $verb in hold | show) [ "$answered" -eq 0 ] || misuse "$verb is no verb for a session" ;; esac
  links='' permissions_of=''
  case $verb in protocols) ;; *) what_is_ours ;; esac
  myself
  case $verb in
    inspect | protocols | show | hold | stage | adopt | check | apply | confirm | undo | discard | settle) "$verb" "$@" ;;
    *) misuse "\${verb:-nothing} is no verb. There are inspect, protocols, show, hold, stage, adopt, check, apply, confirm, undo, discard, settle." ;;
  esac
}

# what_is_ours: \`required\` is what a release must have; \`entries\` with it what it may have or had: a password, and what is
# a link of ours already. \`secrets\` are those that nobody else may read.
what_is_ours() {
  # Within a session nothing becomes ours that was not, but by settings.
  if [ "$ours_in" = "$config $entry $secret" ]; then return 0; fi
  for tool in cat chgrp chmod cp cut df find grep head ln ls mkdir mv readlink rm sed sha256sum sleep sort sync tail tar timeout touch tr wc; do
    command -v "$tool" >/dev/null 2>&1 || lack "this router has no $tool. Install coreutils, findutils, grep, sed and tar, or busybox."
  done
  [ -d "$config" ] || lack "there is no folder $config. Set bird.configDir of this router to where its BIRD configuration is."
  noencap=$config/.noencap
  required=k3s
  if [ "$entry" = bird.conf ]; then required='bird.conf k3s'; fi
  entries=$required secrets=
  if [ -n "$secret" ]; then ours "$secret"; fi
  for one in "$config"/*; do
    one=\${one##*/}
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

# ---- who is at work

boot=none
IFS= read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id || :
# started PID: \`start\` is when, in ticks since the boot; nothing if it is gone, or dead and not yet buried. \`parent\` is whose child it is.
started() {
  stat=
  IFS= read -r stat 2>/dev/null <"/proc/$1/stat" || :
  # shellcheck disable=SC2086
  set -- \${stat##*) }
  start=\${20:-} parent=\${2:-}
  case \${1:-} in Z) start= ;; esac
}
# myself: not always $$, which in a session is that of all its verbs.
myself() { started self; me="\${stat%% *},$start,$boot"; }

# alive HOLDER: the process that wrote "text,pid,start,boot" still runs. A number that was given to another has another start.
alive() {
  holder_boot=\${1##*,}; rest=\${1%,*}; holder_start=\${rest##*,}; rest=\${rest%,*}; holder_pid=\${rest##*,}
  case $holder_pid in '' | *[!0-9]*) return 1 ;; esac
  started "$holder_pid"
  [ "$holder_boot" = "$boot" ] && [ -n "$start" ] && [ "$start" = "$holder_start" ]
}

# take_lock OWNER: a link that points to its holder; it comes into being with its text in one step. Who finds a dead
# holder moves its link aside; who took a living one's by mistake (two came at once) puts it back.
take_lock() {
  tries=0 stale=
  while [ "$tries" -lt 5 ]; do
    tries=$((tries + 1))
    if problem=$(ln -s "$1,$me" "$noencap/lock" 2>&1); then return 0; fi
    holder=$(readlink "$noencap/lock") || continue
    if alive "$holder"; then return 1; fi
    if mv -T "$noencap/lock" "$noencap/lock.stale.$$" 2>/dev/null; then
      moved=$(readlink "$noencap/lock.stale.$$")
      if [ "$moved" != "$holder" ]; then ln -s "$moved" "$noencap/lock" 2>/dev/null; else stale=\${holder%%,*}; fi
      rm -f "$noencap/lock.stale.$$"
    fi
  done
  lack "cannot lock $noencap: $problem"
}
drop_lock() { if [ "$(readlink "$noencap/lock")" = "$holding,$me" ]; then bury "$noencap/lock"; fi; }

# alone: no other verb is at work. Each has an empty file whose name tells which process it is: no process is needed to make it, and
# those of the dead may lie there. Two that come at once see each other, and both step back.
alone() {
  mine=$noencap/busy.$verb,$me
  if ! true 2>/dev/null >"$mine"; then
    problem=$({ true >"$mine"; } 2>&1) || lack "cannot write to $noencap: \${problem##*: }"
  fi
  for one in "$noencap"/busy.*; do
    other=\${one##*/busy.}
    if [ "$other" = "$verb,$me" ] || ! alive "$other"; then continue; fi
    rm -f "$mine"
    return 1
  done
}
# bury PATH...: takes these away, and the files of verbs that are dead.
bury() {
  for one in "$noencap"/busy.*; do
    if [ -e "$one" ] && ! alive "\${one##*/busy.}"; then set -- "$@" "$one"; fi
  done
  [ "$#" -eq 0 ] || rm -f "$@"
}

# folder PATH: one that BIRD can read what is below. Its permissions are looked at each time: a run may have been cut off before.
folder() {
  if [ ! -d "$1" ]; then
    problem=$(mkdir -p "$1" 2>&1) || lack "cannot create $1: $problem. This account must be allowed to write to $config."
  fi
  permissions
  listed_of "$1"
  case $line in "$folder_listed"*" $group "*) return 0 ;; esac
  chgrp "$group" "$1" 2>/dev/null
  chmod "$folder_mode" "$1" 2>/dev/null
  return 0
}

# begin: before anything is changed. The line may die from here on; the work does not. Only the holder of the lock gets
# here, and what it left at work when its line died is waited for.
begin() {
  trap '' HUP PIPE INT
  [ -n "$owner" ] || misuse "$verb needs owner="
  if [ "$holding" != "$owner" ]; then
    holder=$(readlink "$noencap/lock") || refuse "nobody holds the lock of this router. Take it with hold before $verb."
    if [ "\${holder%%,*}" != "$owner" ] || ! alive "$holder"; then
      refuse "the lock of this router is \${holder%%,*}'s, not $owner's. Wait until that delivery has ended."
    fi
  fi
  waited=0
  until alone; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then refuse "\${other%%,*} is still at work on this router. Try again when it has ended."; fi
    sleep 1
  done
  trap done_here EXIT
  # While it waited, another may have changed them.
  links=
}

# done_here: a session's lock goes last, and takes with it what its verbs leave.
done_here() { [ -n "$holding" ] || rm -f "$mine"; }

# ---- what BIRD says

# Seconds in which BIRD must have answered.
patience=60
# ask COMMAND: in a session it is \`wake\` that ends a birdc which gets no answer.
ask() {
  if [ -n "$holding" ]; then
    reply=$("$birdc" -v \${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  else
    reply=$(timeout "$patience" "$birdc" -v \${socket:+-s "$socket"} "$*" 2>&1 </dev/null)
  fi
  if [ "$?" -ge 124 ]; then lack "BIRD does not answer within $patience seconds (\${reply:-no answer}). See what it is busy with."; fi
  case $reply in
    "0001 BIRD "*) return 0 ;;
    *) lack "BIRD does not answer on its control socket (\${reply:-no answer}). See that it runs, and that this account may use the socket." ;;
  esac
}
has() { case "
$reply" in *"
$1"[\\ -]*) return 0 ;; *) return 1 ;; esac; }
# message CODE: \`text\` is the first line that has it.
message() {
  if ! has "$1"; then text=; return 0; fi
  text="
$reply"
  text=\${text#*"
$1"[ -]}
  text=\${text%%
*}
}
# What BIRD says of a place in a password file could have words of it.
last_line() {
  said=$(printf '%s\\n' "$reply" | sed -n '$p')
  for hidden in $secrets; do
    said=$(printf '%s\\n' "$said" | sed "s|\\(/$hidden:[0-9]*:[0-9]*\\) .*|\\1 this is no line of a password file|")
  done
  printf '%s\\n' "$said"
}

# status: \`settled\` is yes when no reconfiguration is at work, \`pending\` the seconds until an unconfirmed one is undone.
status() {
  ask configure status
  settled=no pending=
  if has 0003 && ! has 0004 && ! has 0005; then settled=yes; fi
  if has 0022; then
    message 0022
    pending=\${text##* in } pending=\${pending%% s*}
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
defined() { case $reply in *[\\ -]"noencap_release_$1"?constant*) return 0 ;; *) return 1 ;; esac; }

# The main file, as BIRD was started with it: checking it changes nothing, an undo that is scheduled stays.
main_file() {
  ask configure check
  message 0002
  if [ -z "$main" ]; then main=\${text#Reading configuration from }; fi
  case $main in
    /*) ;;
    *) lack "BIRD was started with the relative path \${main:-(none)}, which nobody else can find. Start it with -c $config/bird.conf." ;;
  esac
  case $main in *[!A-Za-z0-9._/@:+=-]*) lack "the path of BIRD's main file has odd characters: $main" ;; esac
  main_name=\${main##*/}
  if [ "\${main%/*}" != "$config" ] && [ "$(cd "\${main%/*}/" 2>/dev/null && pwd -P)" != "$(cd "$config" && pwd -P)" ]; then
    lack "BIRD's main file is $main, not in $config. Set bird.configDir of this router to \${main%/*}."
  fi
  case " $secrets " in *" $main_name "*) misuse "$main_name is BIRD's main file, and cannot be the password file" ;; esac
  if [ "$entry" = bird.conf ] && [ "$main_name" != bird.conf ]; then
    lack "BIRD's main file is $main, but a standalone router's is $config/bird.conf. Start BIRD with that."
  fi
}

# ---- files

# read_state, read_live: what was done last, and which release the live files are; nothing where there is none.
read_state() { state=; IFS= read -r state 2>/dev/null <"$noencap/state" || :; }
read_live() { points "$noencap/live"; live=\${target#releases/}; }
put_state() {
  printf '%s\\n' "$1" 2>/dev/null >"$noencap/state.new" && mv -f "$noencap/state.new" "$noencap/state" 2>/dev/null
}
# What was shipped last, as the files have it.
state_back() {
  read_live
  if [ -n "$live" ]; then put_state "shipped $live"; else rm -f "$noencap/state"; fi || lack "cannot write $noencap/state"
}
linked() { [ -L "$config/$1" ] && points "$config/$1" && [ "$target" = ".noencap/live/$1" ]; }
# points PATH: \`target\` is where this link points to, nothing if it is none. All that may be asked for are listed at once.
points() {
  if [ -z "$links" ]; then
    asked=$1
    set -- "$noencap/live" "$noencap/lock"
    for link in "$config"/*; do
      if [ -L "$link" ]; then set -- "$@" "$link"; fi
    done
    links="$(ls -ldn "$@" 2>/dev/null)
"
    set -- "$asked"
  fi
  case $links in
    *" $1 -> "*) target=\${links#*" $1 -> "}; target=\${target%%
*} ;;
    *) target= ;;
  esac
}
there() { [ -e "$1" ] || [ -L "$1" ]; }
# away PATH...: takes away what of these is there.
away() {
  for item; do
    shift
    if there "$item"; then set -- "$@" "$item"; fi
  done
  [ "$#" -eq 0 ] || rm -rf "$@"
}
# space OPTION: \`room\` is the fourth word of what df says last, how much is free; - where that is no number.
space() {
  room=$(df "$1" "$config" 2>/dev/null)
  # shellcheck disable=SC2086
  set -- \${room##*
}
  case \${4:-} in '' | *[!0-9]*) room=- ;; *) room=$4 ;; esac
}
# free: kB.
free() { space -Pk; printf '%s\\n' "$room"; }
durable() { sync -f "$noencap" 2>/dev/null || sync; }

# permissions: those of the main file. What has the same, BIRD can read if it can read that.
permissions() {
  if [ "$permissions_of" = "$config/\${main_name:-bird.conf}" ]; then return 0; fi
  permissions_of=$config/\${main_name:-bird.conf}
  listed="$(ls -lndL "$permissions_of" "$noencap" "$noencap/releases" 2>/dev/null)
"
  listed_of "$permissions_of"
  [ -n "$line" ] || line=$(ls -lnd "$config/.")
  # shellcheck disable=SC2086
  set -- $line
  group=$4
  case $1 in
    ???????r*) file_mode=0644 secret_mode=0640 folder_mode=0755 folder_listed=drwxr-xr-x mask=022 ;;
    ????r*) file_mode=0640 secret_mode=0640 folder_mode=0750 folder_listed=drwxr-x--- mask=027 ;;
    *) file_mode=0600 secret_mode=0600 folder_mode=0700 folder_listed=drwx------ mask=077 ;;
  esac
}
# listed_of PATH: \`line\` is what \`permissions\` listed of it, nothing if it was not there.
listed_of() {
  line=
  case $listed in *" $1
"*) line=\${listed%%" $1
"*}; line=\${line##*
} ;; esac
}
# like_main FOLDER: but for a password, which is BIRD's group's at most, at every moment. What is so already is left alone.
like_main() {
  permissions
  target=$1
  set --
  for hidden in $secrets; do
    if [ -f "$target/$hidden" ] && [ ! -L "$target/$hidden" ]; then
      chgrp "$group" "$target/$hidden" && chmod "$secret_mode" "$target/$hidden" || return 1
    fi
    set -- "$@" ! -path "$target/$hidden"
  done
  find "$target" \\( -group "$group" -o -exec chgrp -h "$group" '{}' + \\) \\
    -type d ! -perm "$folder_mode" -exec chmod "$folder_mode" '{}' + -o \\
    -type f ! -perm "$file_mode" "$@" -exec chmod "$file_mode" '{}' +
}

# A password file begins with "# " and 32 random digits: the name of a release is told to everybody, and could be tried
# with likely passwords otherwise.
# read_salt FILE: \`salt\`; nothing if it has none.
read_salt() {
  salt=
  IFS= read -r salt 2>/dev/null <"$1" || :
  case $salt in '# '*[!0-9a-f]* | [!#]* | '#'[!\\ ]*) salt= ;; esac
  salt=\${salt#'# '}
  if [ "\${#salt}" -ne 32 ]; then salt=; fi
}
random_salt() { head -c 64 /dev/urandom | sha256sum | cut -c 1-32; }

# manifest_ok HASH: in a release's folder, every file is as its manifest says, and there is nothing else: both what is there and
# the manifest have the hash that names it. No name is . or ..
name='([A-Za-z0-9_]|\\.[A-Za-z0-9_@+-]|\\.\\.[A-Za-z0-9_.@+-])[A-Za-z0-9_.@+-]*'
manifest_ok() {
  [ -f manifest ] && [ ! -L manifest ] || return 1
  case $(contents | sha256sum - manifest) in "$1"*"
$1"*) ;; *) return 1 ;; esac
}
# contents: of this folder, as a manifest has it. What is no file is a line that no manifest has.
contents() { find . -path ./manifest -o -type f -exec sha256sum '{}' + -o ! -type d -print | sed 's|  \\./|  |' | sort -k 2; }
# write_manifest: of what is in this folder; prints the release's name.
write_manifest() {
  contents >manifest || return 1
  [ "$(wc -l <manifest)" -eq "$(find . ! -type d ! -path ./manifest | wc -l)" ] || return 1
  sha256sum manifest | cut -c 1-16
}`;
