import { analyse, findings } from '../../../analysis/index.ts';
import { verdictOf } from '../../../fabric/index.ts';
import { type Prefix, parsePrefix } from '../../../topology/address.ts';
import type { TopologyInput } from '../../../topology/index.ts';
import type { BgpFilter, FilterRule } from '../../../topology/model.ts';
import { fabricOf } from '../../fabric-of.ts';

type Operator = NonNullable<FilterRule['match']>['operator'];
type Lengths = FilterRule['prefixLength'];

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.prefix;
};

/** The routes given to BIRD 1.6.8, with its result for each condition that confd can write. */
const ROUTES = ['10.42.0.0/16', '10.42.0.0/26', '10.42.0.64/26', '10.42.0.1/32', '10.99.0.0/26'];

test.each<[string, Operator, Lengths, readonly string[]]>([
  ['10.42.0.0/26', 'Equal', undefined, ['10.42.0.0/26']],
  ['10.42.0.0/26', 'Equal', { min: 26, max: 26 }, []],
  ['10.42.0.0/16', 'Equal', { max: 32 }, []],
  ['10.42.0.0/26', 'NotEqual', undefined, ROUTES.filter((one) => one !== '10.42.0.0/26')],
  ['10.42.0.0/26', 'NotEqual', { min: 26, max: 26 }, ROUTES],
  ['10.42.0.0/16', 'NotEqual', { min: 16 }, ROUTES],
  ['10.42.0.0/16', 'In', undefined, ROUTES.slice(0, 4)],
  ['10.42.0.0/16', 'In', { max: 26 }, ['10.42.0.0/16', '10.42.0.0/26', '10.42.0.64/26']],
  ['10.42.0.0/16', 'In', { min: 27 }, ['10.42.0.1/32']],
  ['10.42.0.0/16', 'NotIn', undefined, ['10.99.0.0/26']],
  ['10.42.0.0/16', 'NotIn', { min: 20, max: 26 }, ['10.42.0.0/16', '10.42.0.1/32', '10.99.0.0/26']],
])(
  'a rule about %s with %s and lengths %j holds for what BIRD says it holds for',
  (cidr, operator, lengths, held) => {
    const rule: FilterRule = {
      action: 'Reject',
      match: { cidr: prefix(cidr), operator },
      prefixLength: lengths,
      source: undefined,
    };
    const filter: BgpFilter = { name: 'f', routers: ['r'], import: [rule], export: [rule], path: [] };
    const found = ROUTES.filter((route) => verdictOf([filter], 'export', prefix(route)) === 'Reject');
    expect(found).toEqual(held);
  },
);

/** Two regions of one node each on one LAN, with a filter on what the first node sends. */
const filtered = (rule: object): TopologyInput => ({
  version: 1,
  name: 'filtered',
  bgp: { nodeToNodeMesh: false },
  pods: { cidrs: ['10.42.0.0/16'] },
  services: { cidrs: ['10.43.0.0/16'] },
  calico: { version: 'v3.32.1', filters: { f: { routers: ['ra'], export: [rule as never] } } },
  regions: { a: { router: 'ra' }, b: { router: 'rb' } },
  routers: {
    ra: { routerId: '10.0.0.1', nodeAddress: '10.0.0.1', backboneAddress: '10.0.0.1' },
    rb: { routerId: '10.0.0.2', nodeAddress: '10.0.0.2', backboneAddress: '10.0.0.2' },
  },
  nodes: {
    one: { region: 'a', role: 'server', address: '10.0.0.11', block: '10.42.0.0/26' },
    two: { region: 'b', role: 'agent', address: '10.0.0.12', block: '10.42.0.64/26' },
  },
  underlay: {
    segments: {
      lan: {
        cidr: '10.0.0.0/24',
        mtu: 1500,
        members: { ra: '10.0.0.1', rb: '10.0.0.2', one: '10.0.0.11', two: '10.0.0.12' },
      },
    },
  },
  gitops: { repoURL: 'https://git.example/net.git' },
  k3s: { version: 'v1.34.5+k3s1' },
});

describe('findings for a filter that compares lengths', () => {
  const cidr = '10.42.0.0/26';
  const prefixLength = { min: 26, max: 26 };
  const errors = (rule: object) => {
    const all = findings(analyse(fabricOf(filtered(rule))));
    return all.filter(({ id, severity }) => severity === 'error' || id === 'NE414').map(({ id }) => id);
  };

  test('by NotEqual: the block that it should let out is lost', () => {
    expect(errors({ action: 'Reject', match: { cidr, operator: 'NotEqual' }, prefixLength })).toEqual([
      'NE104',
      'NE414',
    ]);
  });

  test('by Equal: the block that it should reject is not lost', () => {
    expect(errors({ action: 'Reject', match: { cidr, operator: 'Equal' }, prefixLength })).toEqual(['NE414']);
  });

  test('by In, or without lengths: nothing but the literal meaning', () => {
    expect(errors({ action: 'Reject', match: { cidr, operator: 'In' }, prefixLength })).toEqual(['NE104']);
    expect(errors({ action: 'Reject', match: { cidr, operator: 'Equal' } })).toEqual(['NE104']);
    expect(errors({ action: 'Reject', match: { cidr, operator: 'Equal' }, prefixLength: {} })).toEqual([
      'NE104',
    ]);
  });
});
