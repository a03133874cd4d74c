import { symbolPart } from '../../bird/words.ts';
import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';

/** Names derived from names: two that differ in the file must not become one in BIRD or Kubernetes. */
export const symbolRules = (draft: Draft): Fault[] => [
  ...protocolNames(draft),
  ...adoptedNames(draft),
  ...peeringNames(draft),
];

/** BIRD's longest symbol (SYM_MAX_LEN in conf/conf.h; 2.0.12 takes 64 and refuses 65). */
const LONGEST_SYMBOL = 64;

interface Made {
  readonly symbol: string;
  readonly path: Path;
  readonly kind: 'node' | 'router';
  readonly name: string;
}

/**
 * A node's protocol is `k3s_<node>_v4`, a router's `k3s_backbone_<router>_v4`, both with "-" and "." as "_". The names of
 * their files collide only if these do.
 */
function protocolNames(draft: Draft): Fault[] {
  const made: Made[] = [
    ...Object.keys(draft.file.routers ?? {}).map(
      (name): Made => ({
        symbol: `k3s_backbone_${symbolPart(name)}_v4`,
        path: ['routers', name],
        kind: 'router',
        name,
      }),
    ),
    ...Object.keys(draft.file.nodes ?? {}).map(
      (name): Made => ({ symbol: `k3s_${symbolPart(name)}_v4`, path: ['nodes', name], kind: 'node', name }),
    ),
  ];
  const first = new Map<string, Made>();
  return made.flatMap((one): Fault[] => {
    const { symbol, path, kind, name } = one;
    if (symbol.length > LONGEST_SYMBOL) {
      const most = LONGEST_SYMBOL - (symbol.length - name.length);
      const message = `is too long for BIRD: its sessions would be named ${symbol}`;
      return [
        fault('symbol-too-long', path, message, `Use at most ${most} characters for a ${kind}.`, {
          part: 'key',
        }),
      ];
    }
    const other = first.get(symbol);
    if (other === undefined) {
      first.set(symbol, one);
      return [];
    }
    const message = `its sessions would be named ${symbol} in BIRD, like those of the ${other.kind} ${other.name}`;
    return [
      fault('symbol-twice', path, message, 'Rename one of the two: "-" and "." become "_" in BIRD names.', {
        part: 'key',
        notes: [{ path: other.path, message: 'first used here' }],
      }),
    ];
  });
}

/** Protocol names of one router: the session must exist, and no two may have the same name. */
function adoptedNames(draft: Draft): Fault[] {
  const { nodes, routers } = draft.file;
  const stems = new Set([
    ...Object.keys(nodes ?? {}).map((name) => `k3s_${symbolPart(name)}`),
    ...Object.keys(routers ?? {}).map((name) => `k3s_backbone_${symbolPart(name)}`),
  ]);
  const isOurs = (name: string): boolean => stems.has(name.replace(/_v[46]$/, '')) && /_v[46]$/.test(name);
  return entries(routers).flatMap(([router, { bird }]) => {
    const renamed = entries(bird?.adopted?.protocols);
    const first = new Map<string, string>();
    return renamed.flatMap(([name, kept]): Fault[] => {
      const path = ['routers', router, 'bird', 'adopted', 'protocols', name];
      if (!isOurs(name)) {
        const message = `no node or router has a session named ${name}`;
        const fix =
          'Write k3s_<node>_v4 or k3s_backbone_<router>_v4, with "_" for "-" and "."; or remove it.';
        return [fault('adopted-protocol', path, message, fix, { part: 'key' })];
      }
      const other = first.get(kept);
      first.set(kept, name);
      const isTaken = other !== undefined || (kept !== name && isOurs(kept));
      if (!isTaken) return [];
      const message = `${kept} is also the name of ${other ?? 'another session'}`;
      return [fault('symbol-twice', path, message, 'Give each its own name.')];
    });
  });
}
/** A BGPPeer is `route-reflector-<region, lower case>-<router>`, with `-v6` for IPv6. */
function peeringNames(draft: Draft): Fault[] {
  const regionNamed = new Map<string, string>();
  const peeringOf = new Map<string, string>();
  return Object.keys(draft.file.regions ?? {}).flatMap((region): Fault[] => {
    const path = ['regions', region];
    const twin = regionNamed.get(region.toLowerCase());
    if (twin !== undefined) {
      const message = `differs from ${twin} only in letter case, but Kubernetes object names are lower case`;
      return [
        fault('region-case', path, message, 'Rename one of the two.', {
          part: 'key',
          notes: [{ path: ['regions', twin], message: 'first used here' }],
        }),
      ];
    }
    regionNamed.set(region.toLowerCase(), region);
    const faults: Fault[] = [];
    for (const [router, at] of routersOf(draft, region)) {
      for (const suffix of ['', '-v6']) {
        const name = `route-reflector-${region.toLowerCase()}-${router}${suffix}`;
        const other = peeringOf.get(name);
        const pair = `${region} and ${router}`;
        if (other !== undefined && other !== pair) {
          const message = `${pair} would create the BGPPeer ${name}, like ${other}`;
          faults.push(fault('peering-twice', at, message, 'Rename one of them, so that the names differ.'));
          break;
        }
        peeringOf.set(name, pair);
      }
    }
    return faults;
  });
}

/** The routers that a region names, with their paths; those that do not exist are left out. */
export function routersOf(draft: Draft, region: string): (readonly [string, Path])[] {
  const { router, routers } = draft.file.regions?.[region] ?? {};
  const allRouters = draft.file.routers;
  return [
    ...(router === undefined ? [] : [[router, ['regions', region, 'router']] as const]),
    ...(routers ?? []).flatMap((name, index) =>
      name === undefined ? [] : [[name, ['regions', region, 'routers', index]] as const],
    ),
  ].filter(([name]) => allRouters !== undefined && Object.hasOwn(allRouters, name));
}
