import { hostKeyName, markOf } from '../fabric/index.ts';
import { fixedSettings, type RouterSettings } from './router.ts';
import { forcedCommand } from './script/script.ts';
import { oddTarget, type SshTarget, type Unreachable } from './ssh/target.ts';

/** The path of the forced command on a router. */
export const WRAPPER = '/usr/local/sbin/noencap-router';

/** Owned by root, so that the account cannot authorize another key. */
const HOME = '/var/lib/noencap';

/** A line of authorized_keys: the holder of the key runs the forced command and may forward nothing. */
export function authorizedKey(publicKey: string): string | Unreachable {
  const [, type, key, comment = ''] = PUBLIC_KEY.exec(publicKey.trim()) ?? [];
  if (type === undefined || key === undefined) {
    // It may be the private half: none of it is shown.
    return {
      message: 'this is not a public key',
      fix: 'Use the one line of a .pub file, as ssh-keygen writes it.',
    };
  }
  const name = comment.replace(/[^A-Za-z0-9_.@+-]/g, '');
  return `restrict,command="${WRAPPER}" ${type} ${key}${name === '' ? '' : ` ${name}`}`;
}

const PUBLIC_KEY =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) (AAAA[A-Za-z0-9+/]+={0,2})(?: ([^\n]*))?$/;

/**
 * A script that root runs on a router to create or renew a restricted account: forced command, key, and access to BIRD's folder and
 * socket. No sudo: the account is in BIRD's group and owns the folder. The script ends by printing the lines for known_hosts.
 */
export function accountScript(
  target: SshTarget,
  settings: RouterSettings,
  publicKey: string,
): string | Unreachable {
  const odd = oddTarget(target);
  if (odd !== undefined) return odd;
  const line = authorizedKey(publicKey);
  if (typeof line !== 'string') return line;
  const mark = settings.router === undefined ? '' : markOf(settings.router);
  return `#!/bin/sh
# Rendered by noencap: lets noencap deliver to this router and do nothing else. Run it as root, as often as you like.
set -eu
umask 022
user='${target.user}'
config='${settings.configDir}'
if [ "$(id -u)" -ne 0 ]; then echo 'Run this as root.' >&2; exit 2; fi
if [ ! -e "$config/bird.conf" ]; then
  echo "There is no $config/bird.conf: install BIRD 2 first, or fix bird.configDir of this router." >&2
  exit 3
fi
# The file's group decides what the account may do. BIRD's user may own the folder already, and could lead root to any file by a link.
if [ -L "$config/bird.conf" ] || [ -L "$config/.noencap" ]; then
  echo "$config/bird.conf or $config/.noencap is a link: replace it with the file or folder itself." >&2
  exit 3
fi
# shellcheck disable=SC2012
group=$(ls -ldn "$config/bird.conf" | awk '{ print $4 }')
if [ "$group" -eq 0 ]; then
  echo "$config/bird.conf belongs to the group root. Run BIRD as a user and group of its own (bird -u bird -g bird), and: chgrp -R bird $config" >&2
  exit 3
fi
group=$(awk -F: -v id="$group" '$3 == id { print $1 }' /etc/group)

if ! id "$user" >/dev/null 2>&1; then
  if command -v useradd >/dev/null 2>&1; then useradd --system --no-create-home --home-dir ${HOME} --shell /bin/sh --gid "$group" "$user"
  else adduser -S -D -H -h ${HOME} -s /bin/sh -G "$group" "$user"
  fi
  # No password matches, yet the account is not locked: sshd without PAM would refuse the key of a locked account.
  echo "$user:*" | chpasswd -e 2>/dev/null
fi
if [ "$(awk -F: -v user="$user" '$1 == user { print $6 }' /etc/passwd)" != ${HOME} ]; then
  echo "The account $user exists for another purpose. Set ssh.user of this router to another name." >&2
  exit 1
fi

cat >'${WRAPPER}.new' <<'NOENCAP_END'
${forcedCommand(fixedSettings(settings))}NOENCAP_END
chmod 0755 '${WRAPPER}.new'
mv '${WRAPPER}.new' '${WRAPPER}'

mkdir -p ${HOME}/.ssh
cat >${HOME}/.ssh/authorized_keys.new <<'NOENCAP_END'
${line}
NOENCAP_END
mv ${HOME}/.ssh/authorized_keys.new ${HOME}/.ssh/authorized_keys

# The account must be able to create files there and to move those it replaces; BIRD reads them through its group.
chown "$user:$group" "$config"
chmod u+rwx,g+rx,g-w,o-w "$config"
for folder in "$config/k3s" "$config/.noencap"; do
  if [ ! -d "$folder" ] || [ -L "$folder" ]; then continue; fi
  # From the top down: the content of a folder that is not the account's yet could be replaced by links in the meantime.
  depth=0
  while [ -n "$(find "$folder" -mindepth "$depth" -maxdepth "$depth" -print | head -n 1)" ]; do
    # The other name of a file with two hard links may be anywhere.
    twice=$(find "$folder" -mindepth "$depth" -maxdepth "$depth" -type f -links +1 -print | head -n 1)
    if [ -n "$twice" ]; then echo "$twice has a second name elsewhere: replace it with a copy." >&2; exit 3; fi
    find "$folder" -mindepth "$depth" -maxdepth "$depth" -exec chown -h "$user:$group" '{}' +
    find "$folder" -mindepth "$depth" -maxdepth "$depth" -type d -exec chmod g-w,o-w '{}' +
    depth=$((depth + 1))
  done
done

# Which router this is, in case another name or a forwarded port leads a delivery here.
mark='${mark}'
if [ -n "$mark" ]; then
  # shellcheck disable=SC2016
  su -s /bin/sh "$user" -c 'umask 022; mkdir -p "$1/.noencap" && if [ ! -e "$1/.noencap/router" ]; then echo "$2" >"$1/.noencap/router"; fi' sh "$config" "$mark"
  found=$(cat "$config/.noencap/router")
  # One of the three may have changed by now; the next delivery renews the mark.
  same=$(printf '%s\\n' "$found" "$mark" | awk -F/ 'NR == 1 { split($0, was, "/") } NR == 2 { for (i = 1; i <= 3; i++) n += $i == was[i]; print n + 0 }')
  if [ "$same" -lt 2 ]; then
    echo "This machine is the router $found, but this script is for $mark. If the machine has become that router: rm $config/.noencap/router, then run this again." >&2
    exit 1
  fi
fi

if ! said=$(su -s /bin/sh "$user" -c 'SSH_ORIGINAL_COMMAND=inspect ${WRAPPER}' 2>&1 >/dev/null); then
  echo "The account $user exists, but cannot deliver yet: $said" >&2
  exit 1
fi
echo "The account $user can deliver. For known_hosts beside the topology, if you are at the console:" >&2
for key in /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_ecdsa_key.pub; do
  if [ -e "$key" ]; then echo "${hostKeyName(target)} $(cut -d ' ' -f 1,2 "$key")"; fi
done
`;
}
