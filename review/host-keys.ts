import { createHash, createHmac } from 'node:crypto';

/** One line of known_hosts that ssh goes by: which keys it makes those of which machines. */
export interface HostKeyLine {
  /** From one. */
  readonly line: number;
  /** `authority`: any key that it signs is the machine's; `revoked`: the machine is not believed with it, whatever else stands here. */
  readonly makes: 'key' | 'authority' | 'revoked';
  readonly matches: (name: string) => boolean;
  /** `ssh-ed25519 SHA256:...`, as ssh-keygen -l prints it. */
  readonly key: string;
}

export interface HostKeys {
  readonly lines: readonly HostKeyLine[];
  /** What is neither a comment nor a line that ssh goes by, as far as we can tell. */
  readonly odd: readonly { readonly line: number; readonly text: string }[];
}

/** Reads known_hosts as sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", has it, and as ssh does where that is silent. */
export function readHostKeys(text: string): HostKeys {
  const lines: HostKeyLine[] = [];
  const odd: HostKeys['odd'][number][] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    const content = raw.replace(/^[ \t]+|[ \t\r]+$/g, '');
    if (content === '' || content.startsWith('#')) continue;
    const read = readLine(content);
    if (read === undefined) odd.push({ line, text: content });
    else lines.push({ line, ...read });
  }
  return { lines, odd };
}

const MARKERS: Readonly<Record<string, HostKeyLine['makes']>> = {
  '@cert-authority': 'authority',
  '@revoked': 'revoked',
};

function readLine(content: string): Omit<HostKeyLine, 'line'> | undefined {
  const words = content.split(/[ \t]+/);
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const makes = marker === undefined ? 'key' : MARKERS[marker];
  const [names = '', type = '', base64 = ''] = words;
  const blob = Buffer.from(base64, 'base64');
  // A key begins with the name of its type, which the line says as well.
  const named = blob.length > 4 ? blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)) : '';
  if (makes === undefined || named !== type || !/^[a-z0-9@.-]+$/.test(type)) return undefined;
  const fingerprint = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { makes, matches: matcher(names), key: `${type} SHA256:${fingerprint}` };
}

function matcher(names: string): HostKeyLine['matches'] {
  const [, salt, hash] = /^\|1\|([^|]+)\|(.+)$/.exec(names) ?? [];
  if (salt !== undefined) {
    return (name) => createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  const patterns = names.toLowerCase().split(',');
  const not = patterns.filter((one) => one.startsWith('!')).map((one) => one.slice(1));
  const those = patterns.filter((one) => !one.startsWith('!'));
  return (name) => !not.some((one) => isLike(name, one)) && those.some((one) => isLike(name, one));
}

/** `*` stands for any characters, `?` for one. Without backtracking into every star: a pattern is somebody else's text. */
function isLike(name: string, pattern: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < name.length) {
    const char = pattern[from];
    if (char === '*') {
      [star, mark] = [from, at];
      from += 1;
    } else if (char !== undefined && (char === '?' || char === name[at])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      mark += 1;
      [at, from] = [mark, star + 1];
    } else return false;
  }
  return /^\**$/.test(pattern.slice(from));
}

/** What ssh believes of the machine of one name: the keys it may show, and whose signature on another will do. */
export interface Trusted {
  readonly key: ReadonlyMap<string, number>;
  readonly authority: ReadonlyMap<string, number>;
  readonly revoked: ReadonlyMap<string, number>;
}

/** By key the line that says so. A revoked key is none, and a revoked authority signs nothing. */
export function trustedFor(name: string, { lines }: HostKeys): Trusted {
  const found = { key: new Map<string, number>(), authority: new Map<string, number>(), revoked: new Map() };
  for (const { line, makes, matches, key } of lines) {
    if (matches(name) && !found[makes].has(key)) found[makes].set(key, line);
  }
  for (const key of found.revoked.keys()) {
    found.key.delete(key);
    found.authority.delete(key);
  }
  return found;
}
