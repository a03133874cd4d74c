/** What somebody who starts a repository is asked, as flags or as questions. */
export interface Answers {
  /** Of the network; part of object names. */
  readonly name: string;
  readonly sites: number;
  /** What joins the sites; means nothing for one site. */
  readonly link: Link;
  readonly engine: Engine;
  readonly router: RouterKind;
  /** Undefined where nobody has said and no remote says it: a placeholder stands there, which `check` reports. */
  readonly repoURL: string | undefined;
}

export const LINKS = ['wireguard', 'zerotier', 'tailscale', 'lan'] as const;
export type Link = (typeof LINKS)[number];

export const ENGINES = ['argocd', 'flux', 'both'] as const;
export type Engine = (typeof ENGINES)[number];

/** `bird`: noencap writes all of bird.conf. `include`: it writes files that an existing bird.conf includes. */
export const ROUTERS = ['bird', 'include'] as const;
export type RouterKind = (typeof ROUTERS)[number];

/** WireGuard and Tailscale link every pair of sites: eight have 28 links. */
export const MOST_SITES = 8;

export const DEFAULTS = { sites: 1, link: 'wireguard', engine: 'argocd', router: 'bird' } as const;

/** A network's name out of a folder's: `Home Lab` becomes `home-lab`. */
export function nameFrom(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'home' : name;
}
