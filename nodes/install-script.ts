import type { FabricRegion, NodeSpeaker } from '../fabric/fabric.ts';
import { GITOPS_ENGINES } from '../fabric/gitops.ts';
import { shellWord } from '../topology/shell-word.ts';
import { MARK, TOKEN_FILE } from './k3s-config.ts';

export interface InstallScript {
  readonly node: NodeSpeaker;
  readonly region: FabricRegion;
  /** The K3s release. */
  readonly version: string;
  /** SHA-256 of K3s' installer; if empty, whoever runs the script supplies it. */
  readonly installers: readonly string[];
  /** The node joins a cluster, and needs its token. */
  readonly joins: boolean;
  /** File names below manifests/, for the first server. */
  readonly manifests: readonly string[];
}

/**
 * `install.sh`: turns a fresh Debian or Ubuntu into this node, and updates a running one. POSIX sh. Needs the tools of such
 * a machine, and curl or wget. An interrupted run is completed by the next one.
 */
export function installScript({
  node,
  region,
  version,
  installers,
  joins,
  manifests,
}: InstallScript): string {
  const parts = [
    header(node, joins),
    settings(node, region, version, installers, joins),
    FUNCTIONS,
    'if [ -z "$root" ] && [ "$(id -u)" -ne 0 ]; then stop "must run as root" 3; fi',
    joins ? TOKEN_GIVEN : '',
    'ours /etc/rancher/k3s/config.yaml\nours /etc/rancher/k3s/registries.yaml',
    OTHER_ROLE,
    KERNEL,
    joins ? TOKEN : '',
    ENVIRONMENT,
    configuration(region),
    manifests.length === 0 ? '' : podNetwork(manifests),
    INSTALL,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const header = (node: NodeSpeaker, joins: boolean): string => `#!/bin/sh
${MARK}
# Makes this machine the K3s ${node.role} named below. Copy this folder to it and run, as root:
#   ${joins ? 'read -rs K3S_TOKEN; export K3S_TOKEN; sh install.sh     (the token: /var/lib/rancher/k3s/server/node-token of the first server)' : 'sh install.sh'}
# Run it again after every change; what is already right is left alone.
# A rehearsal: NOENCAP_ROOT=DIR puts the files below DIR instead of /, and neither installs nor starts anything.
set -eu
umask 022`;

function settings(
  node: NodeSpeaker,
  region: FabricRegion,
  version: string,
  installers: readonly string[],
  joins: boolean,
): string {
  const mirrored = region.k3sMirror === 'cn';
  // The installer of the release, not the latest one: what a pin was computed from stays the same.
  const tag = encodeURIComponent(version);
  const installer = mirrored
    ? 'https://rancher-mirror.rancher.cn/k3s/k3s-install.sh'
    : `https://raw.githubusercontent.com/k3s-io/k3s/${tag}/install.sh`;
  return [
    `name=${shellWord(node.name)}`,
    `role=${shellWord(node.role)}`,
    `version=${shellWord(version)}`,
    `installer_url=${shellWord(installer)}`,
    `installer_pins=${shellWord(installers.join(' '))}`,
    `mirror=${shellWord(mirrored ? 'cn' : '')}`,
    `service=${shellWord(node.role === 'server' ? 'k3s' : 'k3s-agent')}`,
    `other=${shellWord(node.role === 'server' ? 'k3s-agent' : 'k3s')}`,
    `mark=${shellWord(MARK)}`,
    ...(joins ? [`token_file=${shellWord(TOKEN_FILE)}`] : []),
    'root=${NOENCAP_ROOT:-}',
    'restart=$root/etc/rancher/k3s/noencap.restart',
    'begun=$root/etc/rancher/k3s/noencap.installing',
    'here=$(CDPATH="" cd -- "$(dirname -- "$0")" && pwd)',
  ].join('\n');
}

const FUNCTIONS = `say() { printf '%s: %s\\n' "$name" "$1"; }
stop() { printf '%s: %s\\n' "$name" "$1" >&2; exit "$2"; }

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
}`;

const TOKEN_GIVEN = `if [ -z "\${K3S_TOKEN:-}" ] && [ ! -s "$root$token_file" ]; then
  stop "joins a cluster: set K3S_TOKEN to the token of the first server" 2
fi`;

/** The two roles are two services; K3s' installer would not remove the other one. */
const OTHER_ROLE = `if [ -e "$root/etc/systemd/system/$other.service" ]; then
  stop "this machine runs $other already. Remove it first: /usr/local/bin/$other-uninstall.sh" 2
fi`;

/**
 * A missing key is not an error: a kernel may have no IPv6. The larger of an interface's own rp_filter and that of "all" applies: one that something else set to 1 stays strict. */
const KERNEL = `put "$here/sysctl.d/90-noencap.conf" /etc/sysctl.d/90-noencap.conf 0644
if [ -z "$root" ]; then sysctl -e -q -p /etc/sysctl.d/90-noencap.conf; fi
for filter in "$root"/proc/sys/net/ipv4/conf/*/rp_filter; do
  interface=$(basename -- "$(dirname -- "$filter")")
  case $interface in all | default) continue ;; esac
  if [ "$(cat -- "$filter" 2>/dev/null)" = 1 ]; then
    say "warning: $interface drops what it would not answer on (net.ipv4.conf.$interface.rp_filter = 1); set it to 0"
  fi
done`;

/** The token goes into a file that only root can read: K3s finds it by token-file, and no command line ever contains it. */
const TOKEN = `if [ -n "\${K3S_TOKEN:-}" ]; then
  mkdir -p -- "$(dirname -- "$root$token_file")"
  (umask 077 && printf '%s\\n' "$K3S_TOKEN" >"$root$token_file.noencap-new")
  if differs "$root$token_file.noencap-new" "$token_file"; then note_restart; fi
  mv -f -- "$root$token_file.noencap-new" "$root$token_file"
fi`;

/** K3s and its installer also read these: leftovers of another cluster in this shell would become part of this one. */
const ENVIRONMENT = `for variable in $(env | sed -n -e 's/^\\(K3S_[A-Z0-9_]*\\)=.*/\\1/p' -e 's/^\\(INSTALL_K3S_[A-Z0-9_]*\\)=.*/\\1/p'); do
  unset "$variable"
done`;

function configuration(region: FabricRegion): string {
  return [
    'setting "$here/config.yaml" /etc/rancher/k3s/config.yaml',
    ...(region.registryMirrors.length > 0
      ? ['setting "$here/registries.yaml" /etc/rancher/k3s/registries.yaml']
      : [
          'if [ -f "$root/etc/rancher/k3s/registries.yaml" ]; then',
          '  note_restart',
          '  rm -f -- "$root/etc/rancher/k3s/registries.yaml"',
          '  say "removed /etc/rancher/k3s/registries.yaml"',
          'fi',
        ]),
  ].join('\n');
}

/**
 * K3s applies its manifests folder at each start, and whenever a file there changes (pkg/deploy/controller.go
 * of K3s). Once an engine syncs the same objects, an old copy would revert them until the engine's next sync: a file
 * `.skip` next to each prevents that, and removes nothing from the cluster. It is created before a copy changes, since K3s
 * checks every 15 seconds. `--disable` would delete the objects, and with them the pod network.
 */
const podNetwork = (
  manifests: readonly string[],
): string => `# adopted: 0 if an engine is installed and the Installation was applied as it applies, 1 if not, 2 if K3s does not say.
adopted() {
  if [ ! -e "$root/etc/systemd/system/$service.service" ]; then return 1; fi
  engine=$(ask crd ${ENGINES.flatMap(({ kinds }) => kinds).join(' ')} -o name) || return 2
  kind=$(ask crd installations.operator.tigera.io -o name) || return 2
  if [ -z "$engine" ] || [ -z "$kind" ]; then return 1; fi
  managers=$(ask installations.operator.tigera.io default --show-managed-fields -o 'jsonpath={.metadata.managedFields[*].manager}') || return 2
  case " $managers " in ${ENGINES.map(({ fieldManager }) => `*" ${fieldManager} "*`).join(' | ')}) return 0 ;; esac
  return 1
}
ask() {
  KUBECONFIG=$root/etc/rancher/k3s/k3s.yaml "$root/usr/local/bin/k3s" kubectl --request-timeout=10s get --ignore-not-found "$@" 2>/dev/null
}

manifests=/var/lib/rancher/k3s/server/manifests
copy() {
${manifests
  .map(
    (name) => `  put "$here"/manifests/${shellWord(name)} "$manifests"/${shellWord(`noencap-${name}`)} 0600`,
  )
  .join('\n')}
}
leave() {
  if [ -e "$1.skip" ]; then return 0; fi
  note "$1.skip"
  say "K3s leaves $(basename -- "$1") to the GitOps engine from now on"
}
state=0
adopted || state=$?
case $state in
  0)
${manifests.map((name) => `    leave "$root$manifests"/${shellWord(`noencap-${name}`)}`).join('\n')}
    # What an earlier topology had copied is applied at each start, too.
    for file in "$root$manifests"/noencap-*.yaml; do
      if [ -e "$file" ]; then leave "$file"; fi
    done
    copy
    ;;
  1)
    copy
    for file in "$root$manifests"/noencap-*.yaml.skip; do
      if [ ! -e "$file" ]; then continue; fi
      rm -f -- "$file"
      say "K3s applies $(basename -- "$file" .skip) again: no GitOps engine has"
    done
    ;;
  *) say "K3s does not answer: the copies in $manifests stay as they are. Run this again when it does" ;;
esac`;

const ENGINES = Object.values(GITOPS_ENGINES);

/**
 * The installer starts or restarts the service: the files it reads must be in place before. It inspects the machine and not
 * any other root, so a rehearsal skips it. An interrupted installer has to run again, although K3s is
 * already there.
 */
const INSTALL = `installed=$("$root/usr/local/bin/k3s" --version 2>/dev/null | sed -n '1s/^k3s version \\([^ ]*\\).*/\\1/p') || installed=
if [ "$installed" = "$version" ] && [ -e "$root/etc/systemd/system/$service.service" ] && [ ! -e "$begun" ]; then
  if [ ! -e "$restart" ]; then say "nothing to do"; exit 0; fi
  if [ -n "$root" ]; then say "would restart $service"; exit 0; fi
  say "restarting $service"
  systemctl restart "$service"
  rm -f -- "$restart"
  exit 0
fi
if [ -n "$root" ]; then say "would install K3s $version from $installer_url"; exit 0; fi

pins="$installer_pins \${NOENCAP_K3S_INSTALLER_SHA256:-}"
unset NOENCAP_K3S_INSTALLER_SHA256
installer=$(mktemp)
trap 'rm -f -- "$installer"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
fetch "$installer_url" "$installer" || stop "the K3s installer cannot be downloaded from $installer_url; K3s was not touched" 3
found=$(sha256sum <"$installer")
found=\${found%% *}
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
rm -f -- "$begun" "$restart"`;
