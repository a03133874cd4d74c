#!/bin/sh
# Installs the Debian packages that the tests need. Run by `npm test`; quick when everything is there.
set -eu

packages='bird2 iproute2 procps shellcheck'

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
  if [ "$status" != installed ]; then missing="$missing $package"; fi
done
if [ -z "$missing" ]; then exit 0; fi

sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "noencap's tests need Debian packages:$missing. Installing them${sudo:+ with sudo}."

# bird2 would start a daemon with an example configuration; the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod 0755 "$policy"
  trap '$sudo rm -f "$policy"' EXIT
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
