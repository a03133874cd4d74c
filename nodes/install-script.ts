import type { Fabric, FabricRegion, NodeSpeaker } from '../fabric/fabric.ts';
import { entryOf, MARK, TOKEN_FILE } from './k3s-config.ts';
import { shellWord } from './shell.ts';

export interface InstallScript {
  readonly node: NodeSpeaker;
  readonly region: FabricRegion;
  readonly fabric: Fabric;
  /** File names below manifests/, for the first server. */
  readonly manifests: readonly string[];
}

/**
 * `install.sh`: makes a fresh Debian or Ubuntu this node, and brings a running one up to date. POSIX sh. Needs what such
 * a machine has, and one of curl and wget.
 */
export function installScript({ node, region, fabric, manifests }: InstallScript): string {
  const joins = entryOf(node, fabric) === 'joins';
  const parts = [
    header(node, joins),
    settings(node, region, fabric),
    FUNCTIONS,
    checks(node, joins),
    SYSCTL,
    joins ? TOKEN : '',
    configuration(region, manifests),
    INSTALL,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const header = (node: NodeSpeaker, joins: boolean): string => `#!/bin/sh
${MARK}
# Makes this machine the K3s ${node.role} named below. Copy this folder to it and run, as root:
#   ${joins ? 'K3S_TOKEN=... sh install.sh     (the token: /var/lib/rancher/k3s/server/node-token of the first server)' : 'sh install.sh'}
# Run it again after every change; what is already right is left alone.
# NOENCAP_ROOT=DIR writes below DIR instead of /, for a rehearsal.
set -eu`;

function settings(node: NodeSpeaker, region: FabricRegion, fabric: Fabric): string {
  const mirrored = region.k3sMirror === 'cn';
  const installer = mirrored ? 'https://rancher-mirror.rancher.cn/k3s/k3s-install.sh' : 'https://get.k3s.io';
  return [
    `name=${shellWord(node.name)}`,
    `role=${shellWord(node.role)}`,
    `version=${shellWord(fabric.k3s.version)}`,
    `installer_url=${shellWord(installer)}`,
    `mirror=${shellWord(mirrored ? 'cn' : '')}`,
    `service=${shellWord(node.role === 'server' ? 'k3s' : 'k3s-agent')}`,
    `mark=${shellWord(MARK)}`,
    `token_file=${shellWord(TOKEN_FILE)}`,
    'root=${NOENCAP_ROOT:-}',
    'here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd)',
    'restart=no',
  ].join('\n');
}

const FUNCTIONS = `say() { printf '%s: %s\\n' "$name" "$1"; }
stop() { printf '%s: %s\\n' "$name" "$1" >&2; exit "$2"; }

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
}`;

const checks = (_node: NodeSpeaker, joins: boolean): string =>
  [
    'if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then stop "must run as root" 3; fi',
    ...(joins
      ? [
          'if [ -z "${K3S_TOKEN:-}" ] && [ ! -s "$root$token_file" ]; then',
          '  stop "joins a cluster: set K3S_TOKEN to the token of the first server" 2',
          'fi',
        ]
      : []),
    'ours /etc/rancher/k3s/config.yaml',
    'ours /etc/rancher/k3s/registries.yaml',
  ].join('\n');

const SYSCTL = `if put "$here/sysctl.d/90-noencap.conf" /etc/sysctl.d/90-noencap.conf 0644; then
  if [ -z "$root" ]; then sysctl -q -p /etc/sysctl.d/90-noencap.conf; fi
fi`;

/** The token goes into a file that only root reads: K3s finds it by token-file, and no command line ever holds it. */
const TOKEN = `if [ -n "\${K3S_TOKEN:-}" ]; then
  mkdir -p -- "$(dirname -- "$root$token_file")"
  (umask 077 && printf '%s\\n' "$K3S_TOKEN" >"$root$token_file.noencap-new")
  mv -f -- "$root$token_file.noencap-new" "$root$token_file"
fi
unset K3S_TOKEN`;

/** K3s applies what stands in its manifests folder at start and whenever a file there changes. */
function configuration(region: FabricRegion, manifests: readonly string[]): string {
  return [
    'if put "$here/config.yaml" /etc/rancher/k3s/config.yaml 0600; then restart=yes; fi',
    ...(region.registryMirrors.length > 0
      ? ['if put "$here/registries.yaml" /etc/rancher/k3s/registries.yaml 0600; then restart=yes; fi']
      : [
          'if [ -f "$root/etc/rancher/k3s/registries.yaml" ]; then',
          '  rm -f -- "$root/etc/rancher/k3s/registries.yaml"',
          '  restart=yes',
          'fi',
        ]),
    ...manifests.map((name) => {
      const target = shellWord(`/var/lib/rancher/k3s/server/manifests/noencap-${name}`);
      return `put "$here"/manifests/${shellWord(name)} ${target} 0600 || :`;
    }),
  ].join('\n');
}

const INSTALL = `installed=$(k3s --version 2>/dev/null | sed -n '1s/^k3s version \\([^ ]*\\).*/\\1/p') || installed=
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
fi`;
