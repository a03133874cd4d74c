import { letOut, letsOut, ruleLengths } from '../../fabric/index.ts';
import type { Prefix } from '../../topology/address.ts';
import type { BgpFilter } from '../../topology/model.ts';
import { type Check, type Found, grouped, someLines, someOf } from '../finding.ts';

/**
 * NE409: Calico's own part of the export filter exports blocks and suppresses the routes to pods inside them. A BGPFilter rule that
 * accepts ends the filter before that, and where routers carry host routes, these spread.
 */
export const podRoutesLeave: Check = ({ fabric, network }) => {
  const leaks = fabric.calico.filters.length === 0 ? [] : network.blocks.flatMap(leaksOf);
  return fabric.calico.filters.flatMap((filter): Found[] => {
    const ofFilter = leaks.filter((leak) => leak.filter === filter);
    const [first] = ofFilter;
    if (first === undefined) return [];
    const lines = [...grouped(ofFilter, ({ node, block }) => `${block.text} ${node}`).values()].map((all) => {
      const routers = someOf([...new Set(all.map(({ router }) => router))]);
      return `${all[0]?.node} announces each pod in ${all[0]?.block.text} individually to ${routers}`;
    });
    return [
      {
        id: 'NE409',
        severity: 'warning',
        path: [...filter.path, 'export'],
        message: `filter ${filter.name} exports routes to single pods, which Calico would suppress`,
        evidence: [
          ...someLines(lines, 3),
          'every machine then has a route per pod, and packets to a pod arrive only over the sessions with this filter',
        ],
        fix: `Reject what must not leave and leave the rest to Calico, or accept blocks only, with prefixLength: {max: ${first.block.length}}.`,
      },
    ];
  });

  function leaksOf({ prefix: block, node: index, within }: (typeof network.blocks)[number]): Leak[] {
    const node = network.machines[index]?.speaker;
    if (node?.kind !== 'node' || within !== undefined) return [];
    const { pods } = letOut(fabric, node, block);
    const region = fabric.regions.find(({ name }) => name === node.region);
    return (region?.routers ?? []).flatMap(({ name: router }): Leak[] => {
      const [filter] = pods.flatMap((pod) => letsOut(fabric, node, router, pod) ?? []);
      return filter === undefined ? [] : [{ filter, router, node: node.name, block }];
    });
  }
};

/**
 * NE414: for a rule with lengths, confd writes a prefix set after every operator. In BIRD 1.6 `~` tests whether a prefix is in a
 * set; `=` tests whether the two are the same value, which they never are.
 */
export const lengthsWithEqual: Check = ({ fabric }) =>
  fabric.calico.filters.flatMap((filter) =>
    (['import', 'export'] as const).flatMap((direction) =>
      filter[direction].flatMap(({ action, match, prefixLength, source }, index): Found[] => {
        if (match === undefined || prefixLength === undefined) return [];
        const { operator, cidr } = match;
        if (operator !== 'Equal' && operator !== 'NotEqual') return [];
        const isNever = operator === 'Equal';
        const family = cidr.family === 'ipv4' ? 'IPv4' : 'IPv6';
        const all = `every ${family} route${source === undefined ? '' : ' from another speaker'}`;
        const { min, max } = ruleLengths(cidr, prefixLength);
        return [
          {
            id: 'NE414',
            severity: 'warning',
            path: [...filter.path, direction, index],
            message: `a rule of filter ${filter.name} ${action === 'Accept' ? 'accepts' : 'rejects'} ${isNever ? 'nothing' : all}: it matches with ${operator} and has a prefixLength`,
            evidence: [
              `calico-node writes net ${isNever ? '=' : '!='} [ ${cidr.text}{${min},${max}} ], and to its BIRD a prefix is never equal to a prefix set`,
            ],
            fix: `Use ${isNever ? 'In' : 'NotIn'}, which honours prefixLength, or remove prefixLength.`,
          },
        ];
      }),
    ),
  );

interface Leak {
  readonly filter: BgpFilter;
  readonly router: string;
  readonly node: string;
  readonly block: Prefix;
}
