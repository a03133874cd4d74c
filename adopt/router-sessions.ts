import type { FilteringConfig } from '../bird/filter/config.ts';
import type { BgpProtocol } from '../bird/protocols.ts';
import type { Family } from '../topology/address.ts';
import { type IpAddress, type PerFamily, parseAddress } from '../topology/address.ts';

/** A router of today, as in its folder. */
export interface RunningRouter {
  readonly name: string;
  readonly config: FilteringConfig;
}

/** What the user's own file already says about a router. */
export interface KnownRouter {
  readonly nodeAddress: PerFamily<string>;
  readonly backboneAddress: PerFamily<string>;
}

/** The sessions of one router that the topology adopts, and their other ends. */
export interface RouterSessions {
  readonly router: RunningRouter;
  readonly nodes: readonly {
    readonly protocol: BgpProtocol;
    readonly node: string;
    readonly family: Family;
  }[];
  readonly backbone: readonly {
    readonly protocol: BgpProtocol;
    readonly other: string;
    readonly family: Family;
  }[];
}

/** The address at the other end. */
export const neighborOf = ({ options }: BgpProtocol): IpAddress | undefined =>
  parseAddress(options.get('neighbor') ?? '');

/** A session inside the cluster's AS (its number as text): both ends are in it, by number or by `internal`. */
export const isOwn = ({ options }: BgpProtocol, clusterAs: string): boolean => {
  const [local, remote] = [options.get('local as'), options.get('neighbor as')];
  // A constant from a missing file may be the cluster's AS number.
  const mayBe = (one: string | undefined) => one === undefined || one === clusterAs || !/^\d/.test(one);
  if (remote === undefined) return options.get('neighbor kind') === 'internal' && mayBe(local);
  if (remote === clusterAs) return mayBe(local);
  return remote === local && !/^\d/.test(remote);
};

/** What a delivery replaces: the folder k3s, or everything if that folder itself was given. */
export const isInK3s = ({ at }: BgpProtocol): boolean =>
  /(^|\/)(k3s|ibgpeers)\/[^/]*$|(^|\/)ibgp\.conf$/.test(at.source.file);

/** The protocols that become sessions of the topology. */
export const managed = ({ nodes, backbone }: RouterSessions): BgpProtocol[] =>
  [...nodes, ...backbone].map(({ protocol }) => protocol);

/** The router ID of the sessions; otherwise the daemon's. */
export function routerIdOf(sessions: RouterSessions): IpAddress | undefined {
  const { config } = sessions.router;
  const configured = [...managed(sessions).map(({ options }) => options.get('router id')), config.routerId];
  const found = configured.flatMap((one) => parseAddress(one ?? '') ?? [])[0];
  return found?.family === 'ipv4' ? found : undefined;
}

/** An address of one family or both, in topology form. */
export const pairOf = (address: PerFamily<{ readonly text: string }>): unknown =>
  address.ipv4 !== undefined && address.ipv6 !== undefined
    ? { ipv4: address.ipv4.text, ipv6: address.ipv6.text }
    : (address.ipv4 ?? address.ipv6)?.text;
