#!/bin/sh
# Installs what `noencap lab` runs: BIRD 2, fping and iproute2 from Debian or Ubuntu, and BIRD 1.6.8, of which Calico's BIRD is a
# fork, unpacked to .cache/bird1: its package and bird2 exclude each other. Fast when everything is installed.
set -eu
# From the package, into the working folder: npm empties node_modules.
case $0 in
  node_modules/noencap/scripts/* | */node_modules/noencap/scripts/*) ;;
  *) cd "$(dirname "$0")/.." ;;
esac

packages='bird2 fping iproute2 iputils-ping util-linux'
version=1.6.8-2.1+b1
cache=.cache/bird1
# Debian's packages of that version. That of another architecture is checked against the signed index of the archive.
sha256_amd64=a7c5c4ac9eae071be75ea05c86ff6ae52c3c4aecdbf0709321a1722ae3269106

sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
staged=
policy=
clean_up() {
  if [ -n "$staged" ]; then rm -rf -- "$staged"; fi
  if [ -n "$policy" ]; then $sudo rm -f -- "$policy"; fi
}
trap clean_up EXIT

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
  if [ "$status" != installed ]; then missing="$missing $package"; fi
done
if [ -n "$missing" ]; then
  echo "noencap's lab needs Debian packages:$missing. Installing them${sudo:+ with sudo}."
  # bird2 would start a daemon with an example configuration; the lab starts its own.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 0755 "$policy"
  fi
  $sudo apt-get update -qq
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

if [ -x "$cache/usr/sbin/bird" ] && [ -x "$cache/usr/sbin/bird6" ]; then exit 0; fi
staged=$(mktemp -d)
chmod 0755 "$staged"
# Newer distributions do not carry it: then the same file from Debian's own archive, for the pinned architecture.
from_archive() {
  [ "$(dpkg --print-architecture)" = amd64 ] || return 1
  url=https://deb.debian.org/debian/pool/main/b/bird/bird_1.6.8-2.1%2Bb1_amd64.deb
  if command -v curl >/dev/null 2>&1; then curl -fsSL --max-time 60 -o "$staged/bird_$version.deb" -- "$url"
  elif command -v wget >/dev/null 2>&1; then wget -q -T 60 -O "$staged/bird_$version.deb" -- "$url"
  else return 1
  fi
}
if ! (cd "$staged" && apt-get download -qq "bird=$version") >/dev/null 2>&1 && ! from_archive 2>/dev/null; then
  echo "BIRD 1.6.8 (Debian's bird $version) is not in this machine's archives: the lab will run nodes on BIRD 2, and say so."
  exit 0
fi
file=$(find "$staged" -name 'bird_*.deb')
found=$(sha256sum "$file" | cut -d ' ' -f 1)
case $(dpkg --print-architecture) in
  amd64) expected=$sha256_amd64 ;;
  *) expected=$(apt-cache show "bird=$version" | sed -n 's/^SHA256: //p' | head -n 1) ;;
esac
if [ "$found" != "$expected" ]; then
  echo "BIRD 1.6.8 is not what is pinned: sha256 $found instead of $expected. It was not unpacked." >&2
  exit 1
fi
dpkg -x "$file" "$staged/unpacked"
rm -rf -- "$cache"
mkdir -p "$(dirname "$cache")"
mv "$staged/unpacked" "$cache"
