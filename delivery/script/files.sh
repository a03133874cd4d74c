# ---- stage, adopt, discard: the files beside the live ones

idle() {
  read_state
  case $state in
    applying* | confirming*) refuse state "a delivery to this router was cut off ($state)" "Run settle first." ;;
  esac
}

clean() { away "$noencap"/incoming.* "$noencap"/tree.* "$noencap"/probe "$noencap"/fault "$noencap"/state.new "$noencap"/router.new "$noencap"/live.new "$noencap"/link.*; bury; }

# stage HASH: reads a tar archive of the release from standard input. The archive is inspected, unpacked beside the live files, compared
# with its manifest, and moved into place with one rename.
stage() {
  arguments 1 "$#"
  release_name "$1"
  begin
  main_file
  idle
  incoming=$noencap/incoming.$$
  clean
  trap 'away "$noencap"/incoming.* "$noencap"/tree.*; done_here' EXIT
  folder "$noencap/releases"
  head -c $((limit + 1)) 2>/dev/null >"$incoming.tar" || lack folder "the upload does not fit: $(free) kB are free in $config" "Make room there."
  bytes=$(wc -c <"$incoming.tar")
  if [ "$bytes" -gt "$limit" ]; then refuse upload "the upload is larger than $limit bytes; a release holds only configuration" "Ship again."; fi
  # A tar archive ends with two empty blocks. Not every tar notices when they are missing.
  if [ "$bytes" -eq 0 ] || [ "$bytes" -ne "${announced:-$bytes}" ] ||
    { [ -z "$announced" ] && [ "$(tail -c 1024 "$incoming.tar" | tr -d '\000' | wc -c)" -ne 0 ]; }; then
    refuse upload "the upload is cut off or not a tar archive" "Ship again."
  fi
  packed=$(tar -tvf "$incoming.tar" 2>/dev/null) || refuse upload "the upload is cut off or not a tar archive" "Ship again."
  # Mode, owner, size, date, time and a name without blanks: a link has one more word, and a different first letter.
  if grep -Evq "^[-d][-a-zA-Z]{9} +[^ ]+ +[0-9]+ [0-9-]+ [0-9:.]+ $name(/$name)*/?\$" <<END; then
$packed
END
    refuse upload "the upload holds something other than plain files below its folder; it was not unpacked" "Ship again."
  fi
  # In the archive a password file has no permissions for others.
  umask "$mask"
  problem=$(mkdir "$incoming" 2>&1) || lack folder "cannot write to $noencap: $problem" "Make room there, and let this account write to $config."
  problem=$(tar -C "$incoming" -xf "$incoming.tar" -o 2>&1) || lack folder "the upload cannot be unpacked: $(printf '%s\n' "$problem" | head -n 1) ($(free) kB are free in $config)" "Make room there, and ship again."
  umask 077
  { cd "$incoming" && manifest_ok "$1"; } || refuse upload "the upload is not release $1: its files do not match the manifest" "Ship again."
  for one in $required; do
    [ -e "$incoming/$one" ] || refuse upload "release $1 has no $one" "Ship again."
  done
  for one in bird.conf k3s; do
    if [ ! -e "$incoming/$one" ] && linked "$one"; then
      refuse drift "$config/$one was shipped by noencap, but release $1 does not have it" "Replace it with a file of your own first."
    fi
  done
  like_main "$incoming" || lack rights "cannot give the release the group of $main" "Make this account a member of it."
  place "$1" "$incoming"
  tree "$1" "$noencap/releases/$1" "$noencap/tree.$$"
  away "$noencap/staged"
  mv -T "$noencap/tree.$$" "$noencap/staged" || lack folder "cannot write $noencap/staged" "Make room there, and let this account write to $config."
  put_mark
  durable
  say "staged $1"
  say end
}
# place HASH FOLDER: the release's one rename. An existing intact copy is kept; one that was edited is replaced, unless
# it is live: only a confirmed delivery may change what BIRD would read at a restart.
place() {
  if release_there "$1"; then
    if (cd "$noencap/releases/$1" && manifest_ok "$1"); then
      # This time tells which release is older.
      touch -c "$noencap/releases/$1"
      like_main "$noencap/releases/$1" || lack rights "cannot give release $1 the group of $main" "Make this account a member of it."
      return 0
    fi
    read_live
    if [ "$live" = "$1" ]; then refuse drift "the live files were edited after release $1 was shipped" "Adopt them, then ship it again."; fi
  fi
  away "$noencap/releases/$1"
  problem=$(mv -T "$2" "$noencap/releases/$1" 2>&1) || lack folder "cannot write $noencap/releases/$1: $problem" "Make room there, and let this account write to $config."
}

# tree HASH RELEASE FOLDER: builds a copy of the configuration folder with the release's files in place. Folders
# are folders and files are links, since BIRD looks for relative includes beside the name that it was given. Nothing is
# ever written through a link: the main file is not a link here, and set -C refuses. sysctl.d is not for BIRD.
tree() {
  hash=$1 release=$2 new=$3
  permissions
  umask "$mask"
  mkdir "$new" || lack folder "cannot write $new" "Make room there, and let this account write to $config."
  (
    set -C
    set --
    for one in "$config"/* "$config"/.[!.]* "$config"/..?*; do
      there "$one" || continue
      one=${one##*/}
      case " .noencap sysctl.d $main_name k3s $secrets " in *" $one "*) continue ;; esac
      if [ -d "$config/$one" ] && [ ! -L "$config/$one" ]; then mirror "$one" || exit 1; else set -- "$@" "$config/$one"; fi
    done
    for one in k3s $secrets; do
      if [ -e "$release/$one" ]; then set -- "$@" "$release/$one"; fi
    done
    ln -s "$@" "$new" || exit 1
    source=$main
    if [ "$entry" = bird.conf ]; then source=$release/bird.conf; fi
    # A link made by somebody else could expose what only this account may read.
    if [ -L "$source" ]; then
      whose "$source"
      [ "$uid" = 0 ] || [ "$uid" = "$(id -u)" ] || exit 1
    fi
    { cat "$source" && printf '\ndefine noencap_release_%s = 1;\n' "$hash"; } >"$new/$main_name" || exit 1
    printf '%s\n' "$hash $main" >"$new/.noencap-release"
  ) 2>/dev/null || lack folder "the staged copy of $config cannot be written ($(free) kB are free)" "Make room there, and let this account write to $config."
  umask 077
  chgrp -Rh "$group" "$new" 2>/dev/null || lack rights "cannot give $new the group of $main" "Make this account a member of it."
}
# mirror NAME: copies a folder of the configuration folder in this way.
mirror() {
  cd "$config" || return 1
  # A name with a line break would be read as two names, and the second could lead anywhere.
  [ -z "$(find "$1" -name '*
*' -print | head -n 1)" ] || return 1
  find "$1" -print | while IFS= read -r item; do
    if [ -d "$item" ] && [ ! -L "$item" ]; then mkdir "$new/$item"; else ln -s "$config/$item" "$new/$item"; fi || exit 1
  done
}

# staged_is HASH: sets `main` and `main_name` to those that the release was staged for.
staged_is() {
  staged=
  if [ ! -L "$noencap/staged" ] && plain "$noencap/staged/.noencap-release"; then
    IFS= read -r staged 2>/dev/null <"$noencap/staged/.noencap-release" || :
  fi
  [ "${staged%% *}" = "$1" ] || refuse state "release $1 is not staged on this router" "Stage it first."
  main=${staged#* } main_name=${staged##*/}
}

# adopt: the live files become a release of their own, byte for byte (except for the salt of a password file), and are replaced by links to
# it. So the next flip is one rename, and the old files can be restored.
adopt() {
  arguments 0 "$#"
  begin
  main_file
  idle
  clean
  repair
  trap 'away "$noencap"/incoming.*; done_here' EXIT
  mkdir "$noencap/incoming.$$" 2>/dev/null || lack folder "cannot write to $noencap" "Make room there, and let this account write to $config."
  folder "$noencap/releases"
  read_live
  for one in $entries; do
    place_of "$one"
    if [ -z "$place" ]; then
      if there "$config/$one"; then refuse folder "$config/$one is a link, and noencap follows none" "Replace it with the file or folder itself."; fi
      continue
    fi
    case " $secrets " in *" $one "*) if [ -d "$place" ]; then refuse folder "$config/$one is a folder, not a password file" "Move it elsewhere."; fi ;; esac
    cp -RP "$place" "$noencap/incoming.$$/$one" 2>/dev/null || lack folder "cannot copy $config/$one ($(free) kB are free)" "Make room there, and let this account write to $config."
  done
  # Checked in the copy, which nobody else can change any more.
  odd=$(cd "$noencap/incoming.$$" && find . ! -type d ! -type f | sed 's|^\./||' | head -n 1)
  if [ -n "$odd" ]; then refuse folder "$config/$(printable "$odd") is a link or a device, and noencap adopts only files" "Replace it with a file."; fi
  for one in $secrets; do
    file=$noencap/incoming.$$/$one
    if [ ! -f "$file" ]; then continue; fi
    read_salt "$file"
    if [ -n "$salt" ]; then continue; fi
    if ! { printf '# %s\n' "$(random_salt)" && cat "$file"; } 2>/dev/null >"$file.salted" || ! mv -f "$file.salted" "$file"; then
      lack folder "cannot write to $noencap ($(free) kB are free)" "Make room there, and let this account write to $config."
    fi
  done
  odd=$(cd "$noencap/incoming.$$" && find . ! -type d | sed 's|^\./||' | grep -Ev "^$name(/$name)*\$" | head -n 1)
  if [ -n "$odd" ]; then refuse folder "a file below $config has an unsupported name: $odd" "Rename it or move it elsewhere."; fi
  hash=$(cd "$noencap/incoming.$$" && write_manifest) || lack folder "cannot write to $noencap ($(free) kB are free)" "Make room there, and let this account write to $config."
  like_main "$noencap/incoming.$$" || lack rights "cannot give the release the group of $main" "Make this account a member of it."
  read_live
  if [ -d "$noencap/releases/$hash" ] && [ "$live" = "$hash" ]; then :; else place "$hash" "$noencap/incoming.$$"; fi
  durable
  point_live "$hash" || lack folder "cannot write $noencap/live" "Make room there, and let this account write to $config."
  for one in $entries; do
    if linked "$one" || ! there "$config/$one"; then continue; fi
    link_entry "$one" || lack folder "cannot replace $config/$one with a link" "Make room there, and let this account write to $config."
  done
  state_back
  away "$noencap"/replaced.*
  say "adopted $hash"
  say end
}

point_live() {
  links=
  away "$noencap/live.new"
  ln -s "releases/$1" "$noencap/live.new" 2>/dev/null && mv -fT "$noencap/live.new" "$noencap/live" 2>/dev/null
}
# link_entry NAME: a rename cannot replace a folder, so the folder is moved aside first; `repair` puts it back if nothing took its place.
link_entry() {
  links=
  away "$noencap/link.$1"
  ln -s ".noencap/live/$1" "$noencap/link.$1" 2>/dev/null || return 1
  if [ -d "$config/$1" ] && [ ! -L "$config/$1" ]; then
    away "$noencap/replaced.$1"
    mv -T "$config/$1" "$noencap/replaced.$1" 2>/dev/null || return 1
  fi
  if mv -fT "$noencap/link.$1" "$config/$1" 2>/dev/null; then return 0; fi
  repair
  return 1
}
repair() {
  links=
  for one in k3s bird.conf; do
    if there "$config/$one"; then
      away "$noencap/replaced.$one"
    elif [ -e "$noencap/replaced.$one" ]; then
      mv -T "$noencap/replaced.$one" "$config/$one" || lack folder "cannot move $noencap/replaced.$one back to $config/$one" "Make room there, and let this account write to $config."
      say "restored $one"
    fi
  done
}

# discard: removes what was staged and not applied.
discard() {
  arguments 0 "$#"
  begin
  idle
  clean
  away "$noencap/staged"
  say discarded
  say end
}
