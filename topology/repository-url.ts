/** Where a URL of a repository leads. */
interface RepositoryPlace {
  readonly way: 'http' | 'ssh' | 'git';
  readonly host: string;
  /** Empty for the usual one. */
  readonly port: string;
  /** Without `.git` and slashes around it. */
  readonly path: string;
}

/**
 * Whether two URLs lead to one repository: `https://github.com/me/net.git`, `ssh://git@github.com:22/me/net` and `git@github.com:me/net/` do.
 * Undefined where that cannot be told, because one of them is a path or a scheme that only its own machine knows.
 */
export function isSameRepository(a: string, b: string): boolean | undefined {
  const [one, other] = [placeOf(a), placeOf(b)];
  if (one === undefined || other === undefined) return undefined;
  // Forges find a repository whatever the case of its name is.
  const isSamePath = one.path.toLowerCase() === other.path.toLowerCase();
  // A host without a dot is one of somebody's ~/.ssh/config, or of his own network: it may be any.
  if ([one, other].some(({ host }) => !/[.:]/.test(host))) return isSamePath ? undefined : false;
  // The ports of ssh and https say nothing about each other.
  return isSamePath && one.host === other.host && (one.way !== other.way || one.port === other.port);
}

/** How an engine reads the repository that somebody pushes to: without the user name, token or key that pushing needs. */
export function readingURL(origin: string): string {
  const place = placeOf(origin);
  if (place !== undefined && FORGES.includes(place.host)) return `https://${place.host}/${place.path}.git`;
  return origin.trim().replace(/^(https?:\/\/)[^/]*@/i, '$1');
}

/** The account on GitHub that owns it, if it is there. */
export function githubOwner(url: string): string | undefined {
  const place = placeOf(url);
  const [owner = '', name] = place?.host === 'github.com' ? place.path.split('/') : [];
  return name !== undefined && /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(owner) ? owner : undefined;
}

/** Forges that serve every repository over https, too, where a public one needs no key. */
const FORGES = ['bitbucket.org', 'codeberg.org', 'github.com', 'gitlab.com'];

/** Other names of a host: of those that answer ssh at the port of https, and of Azure's ssh. */
const ALIASES: Readonly<Record<string, string>> = {
  'altssh.bitbucket.org': 'bitbucket.org',
  'altssh.gitlab.com': 'gitlab.com',
  'ssh.dev.azure.com': 'dev.azure.com',
  'ssh.github.com': 'github.com',
  'www.github.com': 'github.com',
};

function placeOf(url: string): RepositoryPlace | undefined {
  const [, scheme = '', authority = '', path = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)/i.exec(url.trim()) ?? [];
  const way = scheme === '' ? 'ssh' : WAYS[scheme.toLowerCase()];
  if (way === undefined) return undefined;
  if (scheme === '') return scpPlace(url.trim());
  const [, host = '', port = ''] = /^(?:.*@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority) ?? [];
  return place(way, host, port, decoded(path));
}

const WAYS: Readonly<Record<string, RepositoryPlace['way']>> = {
  git: 'git',
  'git+ssh': 'ssh',
  http: 'http',
  https: 'http',
  ssh: 'ssh',
  'ssh+git': 'ssh',
};

/** git's own rule: a colon before the first slash makes it a host, unless it is a drive of Windows, or two colons name a helper. */
function scpPlace(url: string): RepositoryPlace | undefined {
  const [, user, host = '', path = ''] = /^([^@/:]+@)?(\[[^\]/]+\]|[^/:@[\]]+):(?!:)(.*)$/s.exec(url) ?? [];
  return host.length === 1 && user === undefined ? undefined : place('ssh', host, '', path);
}

function place(
  way: RepositoryPlace['way'],
  named: string,
  port: string,
  path: string,
): RepositoryPlace | undefined {
  const lower = named.toLowerCase().replace(/\.$/, '');
  const host = ALIASES[lower] ?? lower;
  const name = path
    .replace(/\/{2,}/g, '/')
    .replace(/^\/|\/$/g, '')
    .replace(/\.git$/i, '')
    // Bitbucket's own servers put scm/ before the path over https only; Azure puts _git/ into it there, and v3/ before it over ssh.
    .replace(/^scm\//, '')
    .replace(host === 'dev.azure.com' ? /^v3\/|_git\//g : /^$/, '');
  if (host === '' || name === '') return undefined;
  return { way, host, port: lower !== host || port === USUAL[way] ? '' : port, path: name };
}

const USUAL = { git: '9418', http: '443', ssh: '22' } as const;

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
