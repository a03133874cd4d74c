#!/bin/sh
# Rendered by noencap from the topology; a change here is lost.
# Makes this machine the K3s server named below. Copy this folder to it and run, as root:
#   sh install.sh
# Run it again after every change; what is already right is left alone.
# NOENCAP_ROOT=DIR writes below DIR instead of /, for a rehearsal.
set -eu

name='kubemaster'
role='server'
version='v1.34.5+k3s1'
installer_url='https://rancher-mirror.rancher.cn/k3s/k3s-install.sh'
mirror='cn'
service='k3s'
mark='# Rendered by noencap from the topology; a change here is lost.'
token_file='/etc/rancher/k3s/noencap.token'
root=${NOENCAP_ROOT:-}
here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd)
restart=no

say() { printf '%s: %s\n' "$name" "$1"; }
stop() { printf '%s: %s\n' "$name" "$1" >&2; exit "$2"; }

# put SOURCE DESTINATION MODE: installs a file in one move; returns 1 if it was there already.
put() {
  target=$root$2
  if [ -f "$target" ] && cmp -s -- "$1" "$target"; then return 1; fi
  mkdir -p -- "$(dirname -- "$target")"
  cp -- "$1" "$target.noencap-new"
  chmod "$3" "$target.noencap-new"
  mv -f -- "$target.noencap-new" "$target"
  say "wrote $2"
}

# ours FILE: a file that somebody else wrote is never overwritten.
ours() {
  if [ -f "$root$1" ] && [ "$(head -n 1 -- "$root$1")" != "$mark" ]; then
    stop "$1 was not written by noencap. Move your settings to /etc/rancher/k3s/config.yaml.d/, then delete it." 2
  fi
}

fetch() {
  if command -v curl >/dev/null 2>&1; then curl -fsSL --retry 3 -o "$2" -- "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -O "$2" -- "$1"
  else stop "neither curl nor wget is installed. Run: apt-get install -y curl" 3
  fi
}

if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then stop "must run as root" 3; fi
ours /etc/rancher/k3s/config.yaml
ours /etc/rancher/k3s/registries.yaml

if put "$here/sysctl.d/90-noencap.conf" /etc/sysctl.d/90-noencap.conf 0644; then
  if [ -z "$root" ]; then sysctl -q -p /etc/sysctl.d/90-noencap.conf; fi
fi

if put "$here/config.yaml" /etc/rancher/k3s/config.yaml 0600; then restart=yes; fi
if put "$here/registries.yaml" /etc/rancher/k3s/registries.yaml 0600; then restart=yes; fi
put "$here"/manifests/'operator.yaml' '/var/lib/rancher/k3s/server/manifests/noencap-operator.yaml' 0600 || :
put "$here"/manifests/'installation.yaml' '/var/lib/rancher/k3s/server/manifests/noencap-installation.yaml' 0600 || :
put "$here"/manifests/'bgp.yaml' '/var/lib/rancher/k3s/server/manifests/noencap-bgp.yaml' 0600 || :

installed=$(k3s --version 2>/dev/null | sed -n '1s/^k3s version \([^ ]*\).*/\1/p') || installed=
if [ "$installed" != "$version" ]; then
  installer=$(mktemp)
  trap 'rm -f -- "$installer"' EXIT
  fetch "$installer_url" "$installer" || stop "the K3s installer cannot be downloaded from $installer_url; nothing was installed" 3
  say "installing K3s $version"
  INSTALL_K3S_VERSION=$version INSTALL_K3S_MIRROR=$mirror INSTALL_K3S_EXEC=$role sh "$installer"
elif [ "$restart" = yes ]; then
  say "restarting $service"
  systemctl restart "$service"
else
  say "nothing to do"
fi
