import type { Fabric } from '../../fabric/index.ts';
import { deliveryChanges, refusedDeliveries, type TrustFiles } from '../../review/delivered.ts';
import { trustDangers } from '../../review/trust.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { calicoOf } from '../charts/topologies.ts';
import { fabricOf } from '../fabric-of.ts';
import { redundant } from '../lab/topologies.ts';
import { KEYS } from './host-key-lines.ts';

/** e1 and e2 in region east, w1 in west; each is reached by name. */
const network = (change: Partial<TopologyInput> = {}): Fabric =>
  fabricOf(redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 }, ...change }));

const BASE = redundant({});
const withRouter = (name: string, change: object): Fabric =>
  network({ routers: { ...BASE.routers, [name]: { ...BASE.routers[name], ...change } as never } });

interface Side extends Partial<TrustFiles> {
  readonly fabric?: Fabric;
}

function told(before: Side, after: Side): string[] {
  const [was, is] = [before, after].map(({ fabric = network(), knownHosts, secrets }) => ({
    fabric,
    trust: { knownHosts, secrets },
  }));
  if (was === undefined || is === undefined) return [];
  return trustDangers(was, is).map(({ severity, message }) => `${severity}: ${message}`);
}

test('a router of another name is delivered to under that, unless ssh.host says where it answers', () => {
  const renamed = (change: object): Fabric => {
    const named = JSON.parse(
      JSON.stringify(redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } })).replaceAll(
        '"e1"',
        '"edge-1"',
      ),
    );
    return fabricOf({
      ...named,
      routers: { ...named.routers, 'edge-1': { ...named.routers['edge-1'], ...change } },
    });
  };
  expect(told(hosts(...ALL), { ...hosts(...ALL), fabric: renamed({}) })).toEqual([
    'error: edge-1 is now delivered to noencap@edge-1 instead of noencap@e1, and known_hosts has no key for it there',
    expect.stringMatching(/^warning: known_hosts no longer trusts \S+ \S+ for edge-1: /),
  ]);
  expect(told(hosts(...ALL), { ...hosts(...ALL), fabric: renamed({ ssh: { host: 'e1' } }) })).toEqual([]);
});

const hosts = (...lines: readonly string[]): Side => ({
  knownHosts: lines.map((one) => `${one}\n`).join(''),
});

const ALL = ['e1', 'e2', 'w1'].map((name) => `${name} ${KEYS.one}`);

test.each<[string, readonly string[], readonly string[], readonly RegExp[]]>([
  [
    'another key of a router',
    ALL,
    [`e1 ${KEYS.two}`, ...ALL.slice(1)],
    [
      /^error: the next delivery accepts any machine with the host key of known_hosts:1 \(ssh-ed25519 SHA256:\S+\) as e1$/,
      /^warning: known_hosts no longer trusts ssh-ed25519 SHA256:\S+ for e1: /,
    ],
  ],
  ['one more key of a router', ALL, [...ALL, `w1 ${KEYS.two}`], [/^error: .* known_hosts:4 \(.*\) as w1$/]],
  ['the first key of a router that is there', ALL.slice(1), ALL, [/^error: .* known_hosts:1 \(.*\) as e1$/]],
  ['a key for a pattern', ALL, [...ALL, `e? ${KEYS.two}`], [/^error: .* known_hosts:4 \(.*\) as e1 and e2$/]],
  [
    'an authority',
    ALL,
    [...ALL, `@cert-authority * ${KEYS.two}`],
    [
      /^error: the next delivery accepts any machine as e1, e2 and w1 whose host key is signed by the authority of known_hosts:4 \(.*\)$/,
    ],
  ],
  [
    'a key that was revoked, where an authority signs',
    [`@cert-authority * ${KEYS.two}`, `@revoked * ${KEYS.one}`],
    [`@cert-authority * ${KEYS.two}`],
    [/^error: known_hosts no longer revokes ssh-ed25519 SHA256:\S+ for e1, e2 and w1: /],
  ],
  [
    'a pinned key that was revoked',
    [...ALL, `@revoked e1 ${KEYS.one}`],
    ALL,
    [/^error: .* known_hosts:1 \(.*\) as e1$/],
  ],
  [
    'a revocation for fewer routers',
    [...ALL, `@revoked * ${KEYS.two}`],
    [...ALL, `@revoked e* ${KEYS.two}`],
    [/^error: known_hosts no longer revokes \S+ \S+ for w1: /],
  ],
  [
    'an exception that goes',
    [`!w1,* ${KEYS.one}`],
    [`* ${KEYS.one}`],
    [/^error: .* known_hosts:1 \(.*\) as w1$/],
  ],
  ['no file any more', ALL, [], [/^warning: known_hosts no longer trusts \S+ \S+ for e1, e2 and w1: /]],
  [
    'a key that is revoked',
    ALL,
    [...ALL, `@revoked w1 ${KEYS.one}`],
    [/^warning: .* no longer trusts .* for w1: /],
  ],
  [
    'a key for a name that nobody has',
    ALL,
    [...ALL, `e3 ${KEYS.two}`],
    [/^warning: known_hosts:4 is for no router in this topology: /],
  ],
  [
    'what is no line of known_hosts',
    ALL,
    [...ALL, `@trusted e1 ${KEYS.two}`],
    [/^warning: known_hosts:4 is not readable as a host key: /],
  ],
])('%s is told', (_, before, after, expected) => {
  const found = told(hosts(...before), hosts(...after));
  expect(found).toHaveLength(expected.length);
  for (const [index, one] of expected.entries()) expect(found[index]).toMatch(one);
});

test.each<[string, readonly string[], readonly string[]]>([
  ['nothing', ALL, ALL],
  [
    'comments, blanks and the order of lines',
    ALL,
    ['# ours', '', ...[...ALL].reverse().map((one) => `  ${one} me`)],
  ],
  ['several names in one line', ALL, [`w1,e2,e1 ${KEYS.one}`]],
  ['one line twice', ALL, [...ALL, ...ALL]],
  ['a line that revokes what nobody trusts', ALL, [...ALL, `@revoked * ${KEYS.two}`]],
])('%s is no danger', (_, before, after) => {
  expect(told(hosts(...before), hosts(...after))).toEqual([]);
});

const SSH = { host: 'e1', user: 'noencap', port: 22 };

test.each<[string, object, string]>([
  [
    'host',
    { ...SSH, host: '10.9.9.9' },
    'noencap@10.9.9.9 instead of noencap@e1, and known_hosts has no key for it there',
  ],
  ['user', { ...SSH, user: 'root' }, 'root@e1 instead of noencap@e1'],
  [
    'port',
    { ...SSH, port: 2222 },
    'noencap@[e1]:2222 instead of noencap@e1, and known_hosts has no key for it there',
  ],
])('another ssh.%s is told, also where no line of known_hosts is another', (_, ssh, where) => {
  const found = told(hosts(...ALL), { ...hosts(...ALL), fabric: withRouter('e1', { ssh }) });
  expect(found[0]).toBe(`error: e1 is now delivered to ${where}`);
});

test('a router that moves says whether its host keys move along', () => {
  const fabric = withRouter('e1', { ssh: { ...SSH, host: '10.9.9.9' } });
  const moved = (key: string) => told(hosts(...ALL), { ...hosts(...ALL, `10.9.9.9 ${key}`), fabric });
  expect(moved(KEYS.one)).toEqual([
    'error: e1 is now delivered to noencap@10.9.9.9 instead of noencap@e1, with unchanged host keys',
  ]);
  expect(moved(KEYS.two).slice(0, 2)).toEqual([
    'error: e1 is now delivered to noencap@10.9.9.9 instead of noencap@e1, with other host keys',
    expect.stringMatching(
      /^error: the next delivery accepts any machine with the host key of known_hosts:4 \(/,
    ),
  ]);
});

test('the first key of a router that comes, or is planned no longer, is told, and no more than that', () => {
  const north = { routerId: '10.0.0.9', nodeAddress: '10.0.0.9', backboneAddress: '10.0.0.9' };
  const opened = (planned: boolean): Fabric =>
    network({
      routers: { ...BASE.routers, n1: { ...north, planned } },
      regions: { ...BASE.regions, north: { router: 'n1' } },
    });
  const lines = hosts(...ALL, `n1 ${KEYS.two}`);
  const first = [
    expect.stringMatching(
      /^warning: the next delivery accepts any machine with the host key of known_hosts:4 \(.*\) as n1$/,
    ),
  ];
  expect(told(hosts(...ALL), { ...lines, fabric: opened(false) })).toEqual(first);
  expect(told({ ...hosts(...ALL), fabric: opened(true) }, { ...lines, fabric: opened(false) })).toEqual(
    first,
  );
});

test('a router that is renamed where it is brings no key of its own', () => {
  const at = { ssh: { ...SSH, host: '192.0.2.1' } };
  const named = (name: string): Fabric => {
    const { e1, ...others } = BASE.routers;
    const text = JSON.stringify({
      ...redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } }),
      routers: { ...others, e1: { ...e1, ...at } },
    });
    return fabricOf(JSON.parse(text.replaceAll('"e1"', JSON.stringify(name))));
  };
  const lines = hosts(`192.0.2.1 ${KEYS.one}`, ...ALL.slice(1));
  expect(told({ ...lines, fabric: named('e1') }, { ...lines, fabric: named('edge-1') })).toEqual([]);
});

const SECRET = { password: { secret: { name: 'bgp-e1', key: 'password' }, file: '/etc/bird/e1.password' } };

test('another secrets.age is told with who gets what is in it', () => {
  const fabric = withRouter('e1', SECRET);
  const side = (secrets: string | undefined): Side => ({ fabric, secrets });
  expect(told(side('a'), side('b'))).toEqual([
    expect.stringMatching(/^error: secrets\.age changes: the next delivery gives e1 the passwords in it, /),
  ]);
  expect(told(side(undefined), side('b'))).toEqual([expect.stringMatching(/^error: secrets\.age is new: /)]);
  expect(told(side('a'), side(undefined))).toEqual([
    expect.stringMatching(/^error: secrets\.age is removed: /),
  ]);
  expect(told(side('a'), side('a'))).toEqual([]);
  expect(told({ secrets: 'a' }, { secrets: 'b' })).toEqual([
    expect.stringMatching(/^warning: secrets\.age changes, but no router gets a password from it$/),
  ]);
});

test('another repository, or branch of it, that an engine follows is told', () => {
  const repoURL = 'https://git.example/net.git';
  const follows = (gitops: TopologyInput['gitops']): Side => ({ fabric: network({ gitops }) });
  expect(told(follows({ repoURL }), follows({ repoURL: 'https://git.example/other.git' }))).toEqual([
    expect.stringMatching(
      /^error: the engine will follow https:\/\/git\.example\/other\.git at main instead of https:\/\/git\.example\/net\.git at main: /,
    ),
  ]);
  expect(told(follows({ repoURL }), follows({ repoURL, targetRevision: 'next' }))).toHaveLength(1);
  expect(told(follows({ repoURL }), follows({ repoURL }))).toEqual([]);
});

test('another hash of a vendored operator is told: an error where Calico stays the same', () => {
  const vendored = (version: string, digit: string): Side => ({
    fabric: network({
      calico: { ...calicoOf(version), operatorManifest: { path: 'operator.yaml', sha256: digit.repeat(64) } },
    }),
  });
  const same = told(vendored('v3.26.1', '0'), vendored('v3.26.1', '1'));
  expect(same).toEqual([
    expect.stringMatching(/^error: operator\.yaml is trusted by a new hash, sha256 1{16}… instead of 0{16}…/),
  ]);
  expect(told(vendored('v3.26.1', '0'), vendored('v3.27.2', '1'))).toEqual([
    expect.stringMatching(/^warning: operator\.yaml is trusted by a new hash/),
  ]);
  expect(told(vendored('v3.26.1', '0'), vendored('v3.26.1', '0'))).toEqual([]);
});

/** e1 at its own address, with a name and an ID, in a named network. */
const marked = (
  name: string,
  id: string,
  { network: called = 'redundant', at = '192.0.2.1', dir = '/etc/bird' } = {},
) => {
  const { e1, ...others } = BASE.routers;
  const e1Now = { ...e1, routerId: id, ssh: { ...SSH, host: at }, bird: { configDir: dir } };
  const input = {
    ...redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } }),
    name: called,
    routers: { ...others, e1: e1Now },
  };
  return fabricOf(JSON.parse(JSON.stringify(input).replaceAll('"e1"', JSON.stringify(name))));
};
const refusals = (before: Fabric, after: Fabric) =>
  refusedDeliveries(before, after).map(({ router, message, fix }) => `${router}: ${message}. ${fix}`);

test.each<[string, Fabric, readonly string[]]>([
  ['name', marked('edge-1', '10.0.0.1'), []],
  ['router ID', marked('e1', '10.0.0.99'), []],
  ['network', marked('e1', '10.0.0.1', { network: 'other' }), []],
  ['folder', marked('e1', '10.0.0.1', { dir: '/etc/bird2' }), []],
  ['folder and name', marked('edge-1', '10.0.0.1', { dir: '/etc/bird2' }), []],
  [
    'name and router ID',
    marked('edge-1', '10.0.0.99'),
    [
      'edge-1: noencap@192.0.2.1 will refuse the delivery to edge-1: it is marked as the router redundant/e1/10.0.0.1, redundant/edge-1/10.0.0.99 is meant, and of network, name and router ID only one may change with a delivery. Change one of them with each pull request, and deliver in between. If another machine answers there by then, this is not about it: docs/ship-access.md#which-router-it-is.',
    ],
  ],
  [
    'name and router ID, and perhaps the machine',
    marked('edge-1', '10.0.0.99', { at: '192.0.2.9' }),
    [expect.stringMatching(/^edge-1: noencap@192\.0\.2\.9, if it is the machine of before, will refuse /)],
  ],
  [
    'name, and that of the network',
    marked('edge-1', '10.0.0.1', { network: 'other' }),
    [expect.stringMatching(/^edge-1: .* marked as the router redundant\/e1\/10\.0\.0\.1, other\/edge-1\//)],
  ],
  [
    'router ID, and the name of the network',
    marked('e1', '10.0.0.99', { network: 'other' }),
    [
      expect.stringMatching(
        /^e1: .* marked as the router redundant\/e1\/10\.0\.0\.1, other\/e1\/10\.0\.0\.99 /,
      ),
    ],
  ],
  [
    'folder and router ID',
    marked('e1', '10.0.0.99', { dir: '/etc/bird2' }),
    [
      expect.stringMatching(
        /^e1: .*: nothing in \/etc\/bird2 shows which router it is, and its BIRD has the router ID 10\.0\.0\.1 instead of 10\.0\.0\.99\. .* Or set INTRA_ROUTER_ID in its own bird\.conf before the delivery\./,
      ),
    ],
  ],
])(
  'a router whose %s changes is refused where the machine goes by its mark, and that is foretold',
  (_, after, expected) => {
    const before = marked('e1', '10.0.0.1');
    expect(refusals(before, after)).toEqual(expected);
    const errors = told({ fabric: before }, { fabric: after }).filter((one) => one.includes('will refuse'));
    expect(errors).toHaveLength(expected.length);
    for (const one of errors) expect(one).toMatch(/^error: /);
  },
);

test('a router that gets the address of another one is refused there, and so is one that takes the place of one that goes', () => {
  const swapped = network({
    routers: {
      ...BASE.routers,
      e1: { ...BASE.routers.e1, ssh: { ...SSH, host: 'e2' } },
      e2: { ...BASE.routers.e2, ssh: { ...SSH, host: 'e1' } },
    } as never,
  });
  expect(refusals(network(), swapped)).toEqual([
    expect.stringMatching(
      /^e1: noencap@e2 will refuse the delivery to e1: it is marked as the router redundant\/e2\/.* Correct ssh\.host and ssh\.port of e1\. If that machine becomes e1, remove \/etc\/bird\/\.noencap\/router there before the delivery: /,
    ),
    expect.stringMatching(
      /^e2: noencap@e1 will refuse the delivery to e2: it is marked as the router redundant\/e1\//,
    ),
  ]);
  const { w1, ...others } = BASE.routers;
  const place = {
    routerId: '10.9.9.9',
    nodeAddress: '10.9.9.9',
    backboneAddress: '10.9.9.9',
    ssh: { ...SSH, host: 'W1' },
  };
  const taken = fabricOf(
    JSON.parse(
      JSON.stringify({
        ...redundant({ bgp: { nodeToNodeMesh: true, holdTime: 6 } }),
        routers: { ...others, w1: { ...w1, ...place } },
      }).replaceAll('"w1"', '"n1"'),
    ),
  );
  expect(refusals(network(), taken)).toEqual([
    expect.stringMatching(
      /^n1: .* it is marked as the router redundant\/w1\/.* Change one of them with each pull request/,
    ),
  ]);
});

test('a router that was planned has no mark, and one that comes to a new address is nobody yet', () => {
  const north = (name: string, id: string, planned: boolean) =>
    network({
      routers: {
        ...BASE.routers,
        [name]: { routerId: id, nodeAddress: id, backboneAddress: id, ssh: { host: '192.0.2.7' }, planned },
      } as never,
      regions: { ...BASE.regions, north: { router: name } },
    });
  expect(refusals(north('n1', '10.0.0.9', true), north('n2', '10.0.0.8', false))).toEqual([]);
  expect(refusals(network(), north('n1', '10.0.0.9', false))).toEqual([]);
});

test('what is other about a delivery is told of each router, though no file tells it', () => {
  const side = (fabric: Fabric, knownHosts = '', secrets = 'a') => ({
    fabric,
    trust: { knownHosts, secrets },
  });
  const changes = (after: Fabric, knownHosts = '', secrets = 'a') =>
    Object.fromEntries(deliveryChanges(side(network()), side(after, knownHosts, secrets)));
  expect(changes(network())).toEqual({});
  expect(changes(withRouter('e1', { ssh: { ...SSH, user: 'ops', port: 2222 } }))).toEqual({
    e1: ['to ops@[e1]:2222 instead of noencap@e1'],
  });
  expect(
    changes(withRouter('e1', { bird: { configDir: '/srv/bird', constants: { routerId: 'ME' } } })),
  ).toEqual({
    e1: ['into /srv/bird instead of /etc/bird', 'with the router ID in ME instead of INTRA_ROUTER_ID'],
  });
  expect(changes(withRouter('e1', { bird: { mode: 'standalone' } })).e1?.[0]).toBe(
    'in mode standalone instead of include',
  );
  expect(changes(network(), `e2,w1 ${KEYS.one}\n`)).toEqual({
    e2: ['to other host keys in known_hosts'],
    w1: ['to other host keys in known_hosts'],
  });
  expect(changes(withRouter('e1', SECRET), '', 'b')).toEqual({
    e1: [
      'with the password in e1.password instead of no file',
      'with another password, perhaps: secrets.age changes',
    ],
  });
  expect(Object.keys(changes(network({ name: 'other' })))).toEqual(['e1', 'e2', 'w1']);
});
