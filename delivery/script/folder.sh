# ---- files

# read_state, read_live: the last action, and the release of the live files; empty if there is none.
read_state() {
  state=
  if plain "$noencap/state"; then IFS= read -r state 2>/dev/null <"$noencap/state" || :; fi
}
read_live() {
  points "$noencap/live"
  live=${target#releases/}
  case $live in *[!0-9a-f]*) live= ;; esac
  if [ "${#live}" -ne 16 ] || ! release_there "$live"; then live=; fi
}
# release_there HASH: its folder exists, and is not a link to another.
release_there() { [ -d "$noencap/releases/$1" ] && [ ! -L "$noencap/releases/$1" ] && [ ! -L "$noencap/releases" ]; }
put_state() {
  away "$noencap/state.new"
  { printf '%s\n' "$1" >"$noencap/state.new" && mv -fT "$noencap/state.new" "$noencap/state"; } 2>/dev/null
}
# state_back: resets the state to what the live files say was shipped last.
state_back() {
  read_live
  if [ -n "$live" ]; then put_state "shipped $live"; else rm -f "$noencap/state"; fi || lack folder "cannot write $noencap/state" "Make room there, and let this account write to $config."
}
# place_of ENTRY: `place` is where the entry really is, in the live release if it is a link of ours; empty if it is anybody else's link.
# Links of others are never followed: they may point to what only this account may read.
place_of() {
  place=$config/$1
  if linked "$1"; then place=$noencap/releases/$live/$1; fi
  if [ -L "$place" ] || [ ! -e "$place" ]; then place=; fi
}
linked() { [ -L "$config/$1" ] && points "$config/$1" && [ "$target" = ".noencap/live/$1" ]; }
# points PATH: `target` is where this link points to; empty if it is not a link. All links that may be asked for are listed at once.
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
    *" $1 -> "*) target=${links#*" $1 -> "}; target=${target%%
*} ;;
    *) target= ;;
  esac
}
there() { [ -e "$1" ] || [ -L "$1" ]; }
# away PATH...: removes those that exist.
away() {
  for item; do
    shift
    if there "$item"; then set -- "$@" "$item"; fi
  done
  [ "$#" -eq 0 ] || rm -rf "$@"
}
# space OPTION: `room` is the free space, the fourth word of df's last line; - if that is not a number.
space() {
  room=$(df "$1" "$config" 2>/dev/null)
  # shellcheck disable=SC2086
  set -- ${room##*
}
  case ${4:-} in '' | *[!0-9]*) room=- ;; *) room=$4 ;; esac
}
# free: free space in kB.
free() { space -Pk; printf '%s\n' "$room"; }
durable() { sync -f "$noencap" 2>/dev/null || sync; }

# permissions: those of the main file. BIRD can read files with the same permissions if it can read the main file.
permissions() {
  if [ "$permissions_of" = "$config/${main_name:-bird.conf}" ]; then return 0; fi
  permissions_of=$config/${main_name:-bird.conf}
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
# listed_of PATH: `line` is what `permissions` listed for it; empty if it did not exist.
listed_of() {
  line=
  case $listed in *" $1
"*) line=${listed%%" $1
"*}; line=${line##*
} ;; esac
}
# folder PATH: creates a folder whose content BIRD can read. Its permissions are checked each time: an earlier run may have been cut off.
folder() {
  if [ -L "$1" ]; then refuse folder "$1 is a link" "Remove it."; fi
  if [ ! -d "$1" ]; then
    problem=$(mkdir -p "$1" 2>&1) || lack rights "cannot create $1: $problem" "Let this account write to $config."
  fi
  permissions
  listed_of "$1"
  case $line in "$folder_listed"*" $group "*) return 0 ;; esac
  chgrp "$group" "$1" 2>/dev/null
  chmod "$folder_mode" "$1" 2>/dev/null
  return 0
}

# like_main FOLDER: gives everything the group and permissions of the main file, except for a password, which at no moment anyone but BIRD's
# group may read. What is already right is left alone.
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
  find "$target" \( -group "$group" -o -exec chgrp -h "$group" '{}' + \) \
    -type d ! -perm "$folder_mode" -exec chmod "$folder_mode" '{}' + -o \
    -type f ! -perm "$file_mode" "$@" -exec chmod "$file_mode" '{}' +
}

# A password file begins with "# " and 32 random digits: the name of a release is public, and likely passwords could otherwise be
# tested against it.
# read_salt FILE: sets `salt`; empty if the file has none.
read_salt() {
  salt=
  if plain "$1"; then IFS= read -r salt 2>/dev/null <"$1" || :; fi
  case $salt in '# '*[!0-9a-f]* | [!#]* | '#'[!\ ]*) salt= ;; esac
  salt=${salt#'# '}
  if [ "${#salt}" -ne 32 ]; then salt=; fi
}
random_salt() { head -c 64 /dev/urandom | sha256sum | cut -c 1-32; }

# manifest_ok HASH: in a release's folder, every file matches the manifest, and there is nothing else: both the content and
# the manifest have the hash that names the release. No name is . or ..
name='([A-Za-z0-9_]|\.[A-Za-z0-9_@+-]|\.\.[A-Za-z0-9_.@+-])[A-Za-z0-9_.@+-]*'
manifest_ok() {
  [ -f manifest ] && [ ! -L manifest ] || return 1
  case $(contents | sha256sum - manifest) in "$1"*"
$1"*) ;; *) return 1 ;; esac
}
# contents: lists this folder in the format of a manifest. Anything but a file gives a line that no manifest has.
contents() { find . -path ./manifest -o -type f -exec sha256sum '{}' + -o ! -type d -print | sed 's|  \./|  |' | sort -k 2; }
# write_manifest: writes the manifest of this folder; prints the release's name.
write_manifest() {
  contents >manifest || return 1
  [ "$(wc -l <manifest)" -eq "$(find . ! -type d ! -path ./manifest | wc -l)" ] || return 1
  sha256sum manifest | cut -c 1-16
}
