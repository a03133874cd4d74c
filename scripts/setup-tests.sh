#!/bin/sh
# Installs what the tests need: the lab's programs, shells that routers may have, sshd, libfaketime, the Lua of Argo CD, promtool and shellcheck. Run by `npm test`; fast when everything is installed.
set -eu
cd "$(dirname "$0")/.."
scripts/setup-lab.sh

# Renovate's schema, without the hundred packages that Renovate itself needs.
renovate=44.121.2
sum=14334ea9d4c2d54e4c4e92ce904a3527f3db21711b00214b6aa0523e44a9a999
if [ ! -e .cache/renovate/renovate-schema.json ] || [ "$(cat .cache/renovate/version)" != "$renovate" ]; then
  rm -rf .cache/renovate && mkdir -p .cache/renovate
  if npm pack --silent --pack-destination .cache/renovate "renovate@$renovate" >/dev/null 2>&1 &&
    echo "$sum  .cache/renovate/renovate-$renovate.tgz" | sha256sum --check --quiet; then
    tar -xzf ".cache/renovate/renovate-$renovate.tgz" -C .cache/renovate --strip-components=1 package/renovate-schema.json
    echo "$renovate" >.cache/renovate/version
  else
    echo "Renovate's schema could not be fetched from the npm registry: the test that needs it will fail."
  fi
  rm -f .cache/renovate/*.tgz
fi

packages='age busybox faketime fish lua5.1 mandoc nftables openssh-server openssl patchelf procps prometheus shellcheck tcsh wireguard-go wireguard-tools zsh'

missing=
for package in $packages; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
  if [ "$status" != installed ]; then missing="$missing $package"; fi
done
if [ -z "$missing" ]; then exec scripts/setup-birds.sh; fi

sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "noencap's tests need Debian packages:$missing. Installing them${sudo:+ with sudo}."
# openssh-server and prometheus would start daemons; the tests start their own, or use promtool only.
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=; fi
if [ -n "$policy" ]; then
  trap '$sudo rm -f -- "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod 0755 "$policy"
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
scripts/setup-birds.sh
