#!/bin/sh
# Unpacks the BIRD 2 and BIRD 3 of Debian 13, with the libraries that they need, to .cache/birds: tests hold answers of theirs beside
# those of the BIRD that this machine has. With them the ping of that release, whose words are others. Installs nothing. Fast when they are there.
set -eu
cd "$(dirname "$0")/.."
cache=$PWD/.cache/birds
[ "$(dpkg --print-architecture)" = amd64 ] || exit 0
# The two of one release of Debian; names of the folders, too.
want='bird2=2.17 bird3=3.1'
if [ -x "$cache/2.17/bird" ] && [ -x "$cache/3.1/bird" ] && [ -x "$cache/iputils/ping" ] && "$cache/3.1/bird" --version >/dev/null 2>&1; then exit 0; fi
libraries='libc6 libssh-4 libreadline8t64 libtinfo6 libgssapi-krb5-2 libssl3t64 zlib1g libkrb5-3 libkrb5support0 libk5crypto3 libcom-err2 libkeyutils1 libcap2 libidn2-0 libunistring5'

staged=$(mktemp -d)
trap 'rm -rf -- "$staged"' EXIT
chmod 0755 "$staged"
mkdir -p "$staged/lists/partial" "$staged/apt/archives/partial" "$staged/get" "$staged/lib" "$staged/birds/lib"
echo 'deb http://deb.debian.org/debian trixie main' >"$staged/trixie.list"
# A view of that release beside this machine's own, which stays as it is. Signed by the keys that this machine trusts.
cat >"$staged/apt.conf" <<END
Dir::Etc::SourceList "$staged/trixie.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$staged/lists";
Dir::Cache "$staged/apt";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
END
export APT_CONFIG="$staged/apt.conf"
# shellcheck disable=SC2086
if ! apt-get update -qq 2>"$staged/error" || ! (cd "$staged/get" && apt-get download -qq bird2 bird3 iputils-ping $libraries) 2>"$staged/error"; then
  echo "BIRD 2.17 and 3.1 could not be fetched from Debian's archive: the tests that need them will fail."
  tail -n 3 "$staged/error"
  exit 0
fi
for file in "$staged"/get/lib*.deb "$staged"/get/zlib*.deb; do dpkg -x "$file" "$staged/lib"; done
find "$staged/lib/usr/lib/x86_64-linux-gnu" -maxdepth 1 -name '*.so*' -exec cp -P {} "$staged/birds/lib/" \;
for one in $want; do
  dpkg -x "$staged"/get/"${one%=*}"_*.deb "$staged/${one%=*}"
  to=$staged/birds/${one#*=}
  mkdir "$to"
  for program in bird birdc; do
    cp "$staged/${one%=*}/usr/sbin/$program" "$to/"
    # The loader of these libraries, and they for their own libraries, too: this machine's are older.
    patchelf --set-interpreter "$cache/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$cache/lib" "$to/$program"
  done
done
dpkg -x "$staged"/get/iputils-ping_*.deb "$staged/iputils"
mkdir "$staged/birds/iputils"
cp "$staged/iputils/usr/bin/ping" "$staged/birds/iputils/"
patchelf --set-interpreter "$cache/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$cache/lib" "$staged/birds/iputils/ping"
rm -rf -- "$cache"
mkdir -p "$(dirname "$cache")"
mv "$staged/birds" "$cache"
"$cache/2.17/bird" --version
"$cache/3.1/bird" --version
