#!/bin/sh
# Rendered by noencap from the topology; a change here is lost.
# Makes this machine the K3s agent named below. Copy this folder to it and run, as root:
#   read -rs K3S_TOKEN; export K3S_TOKEN; sh install.sh     (the token: /var/lib/rancher/k3s/server/node-token of the first server)
# Run it again after every change; what is already right is left alone.
# A rehearsal: NOENCAP_ROOT=DIR puts the files below DIR instead of /, and neither installs nor starts anything.
set -eu
umask 022

name='kubenode-wds-1'
role='agent'
version='v1.34.5+k3s1'
installer_url='https://rancher-mirror.rancher.cn/k3s/k3s-install.sh'
installer_pins=''
mirror='cn'
service='k3s-agent'
other='k3s'
mark='# Rendered by noencap from the topology; a change here is lost.'
token_file='/etc/rancher/k3s/noencap.token'
root=${NOENCAP_ROOT:-}
restart=$root/etc/rancher/k3s/noencap.restart
begun=$root/etc/rancher/k3s/noencap.installing
here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd)

say() { printf '%s: %s\n' "$name" "$1"; }
stop() { printf '%s: %s\n' "$name" "$1" >&2; exit "$2"; }

# differs SOURCE DESTINATION
differs() { ! { [ -f "$root$2" ] && cmp -s -- "$1" "$root$2"; }; }

# put SOURCE DESTINATION MODE: installs a file in one move, if it is not there already.
put() {
  if ! differs "$1" "$2"; then return 0; fi
  mkdir -p -- "$(dirname -- "$root$2")"
  cp -- "$1" "$root$2.noencap-new"
  chmod "$3" "$root$2.noencap-new"
  mv -f -- "$root$2.noencap-new" "$root$2"
  say "wrote $2"
}

# setting SOURCE DESTINATION: a file that K3s reads at its start. The note comes first, so that a run that is cut off
# between the file and the restart is made up for by the next.
setting() {
  if differs "$1" "$2"; then note_restart; put "$1" "$2" 0600; fi
}

note() {
  mkdir -p -- "$(dirname -- "$1")"
  : >"$1"
}

note_restart() { note "$restart"; }

# ours FILE: a file that somebody else wrote is never overwritten.
ours() {
  if [ ! -e "$root$1" ]; then return 0; fi
  if [ ! -f "$root$1" ] || [ "$(head -n 1 -- "$root$1")" != "$mark" ]; then
    stop "$1 was not written by noencap. Move your settings to /etc/rancher/k3s/config.yaml.d/, then delete it." 2
  fi
}

fetch() {
  if command -v curl >/dev/null 2>&1; then curl -fsSL --proto '=https' --proto-redir '=https' --tlsv1.2 --retry 3 -o "$2" -- "$1"
  elif command -v wget >/dev/null 2>&1; then wget -q -O "$2" -- "$1"
  else stop "neither curl nor wget is installed. Run: apt-get install -y curl" 3
  fi
}

if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then stop "must run as root" 3; fi

if [ -z "${K3S_TOKEN:-}" ] && [ ! -s "$root$token_file" ]; then
  stop "joins a cluster: set K3S_TOKEN to the token of the first server" 2
fi

ours /etc/rancher/k3s/config.yaml
ours /etc/rancher/k3s/registries.yaml

if [ -e "$root/etc/systemd/system/$other.service" ]; then
  stop "this machine runs $other already. Remove it first: /usr/local/bin/$other-uninstall.sh" 2
fi

put "$here/sysctl.d/90-noencap.conf" /etc/sysctl.d/90-noencap.conf 0644
if [ -z "$root" ]; then sysctl -e -q -p /etc/sysctl.d/90-noencap.conf; fi
for filter in "$root"/proc/sys/net/ipv4/conf/*/rp_filter; do
  interface=$(basename -- "$(dirname -- "$filter")")
  case $interface in all | default) continue ;; esac
  if [ "$(cat -- "$filter" 2>/dev/null)" = 1 ]; then
    say "warning: $interface drops what it would not answer on (net.ipv4.conf.$interface.rp_filter = 1); set it to 0"
  fi
done

if [ -n "${K3S_TOKEN:-}" ]; then
  mkdir -p -- "$(dirname -- "$root$token_file")"
  (umask 077 && printf '%s\n' "$K3S_TOKEN" >"$root$token_file.noencap-new")
  if differs "$root$token_file.noencap-new" "$token_file"; then note_restart; fi
  mv -f -- "$root$token_file.noencap-new" "$root$token_file"
fi

for variable in $(env | sed -n -e 's/^\(K3S_[A-Z0-9_]*\)=.*/\1/p' -e 's/^\(INSTALL_K3S_[A-Z0-9_]*\)=.*/\1/p'); do
  unset "$variable"
done

setting "$here/config.yaml" /etc/rancher/k3s/config.yaml
setting "$here/registries.yaml" /etc/rancher/k3s/registries.yaml

installed=$("$root/usr/local/bin/k3s" --version 2>/dev/null | sed -n '1s/^k3s version \([^ ]*\).*/\1/p') || installed=
if [ "$installed" = "$version" ] && [ -e "$root/etc/systemd/system/$service.service" ] && [ ! -e "$begun" ]; then
  if [ ! -e "$restart" ]; then say "nothing to do"; exit 0; fi
  if [ -n "$root" ]; then say "would restart $service"; exit 0; fi
  say "restarting $service"
  systemctl restart "$service"
  rm -f -- "$restart"
  exit 0
fi
if [ -n "$root" ]; then say "would install K3s $version from $installer_url"; exit 0; fi

pins="$installer_pins ${NOENCAP_K3S_INSTALLER_SHA256:-}"
unset NOENCAP_K3S_INSTALLER_SHA256
installer=$(mktemp)
trap 'rm -f -- "$installer"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
fetch "$installer_url" "$installer" || stop "the K3s installer cannot be downloaded from $installer_url; K3s was not touched" 3
found=$(sha256sum <"$installer")
found=${found%% *}
case $pins in
  *[0-9a-f]*) ;;
  *)
    say "the K3s installer runs as root, and nothing says which one it must be. Read $installer_url" >&2
    say "If you trust it, write this into topology.yaml and render again: k3s: {version: $version, installerSha256: ['$found']}" >&2
    stop "or run this once: NOENCAP_K3S_INSTALLER_SHA256=$found sh install.sh" 3
    ;;
esac
case " $pins " in
  *" $found "*) ;;
  *) stop "$installer_url has the sha256 $found, and k3s.installerSha256 in topology.yaml has another; K3s was not touched" 3 ;;
esac
say "installing K3s $version"
note "$begun"
INSTALL_K3S_VERSION=$version INSTALL_K3S_MIRROR=$mirror INSTALL_K3S_EXEC=$role sh "$installer"
rm -f -- "$begun" "$restart"
