import { analyse, findings, smallestPodMtu } from '../../analysis/index.ts';
import { buildFabric } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import {
  type Answers,
  ENGINES,
  FIRST_K3S,
  LINK_KINDS,
  LINKS,
  MOST_SITES,
  nameFrom,
  networkOf,
  ROUTERS,
  topologyText,
} from '../../start/index.ts';
import { FAMILIES } from '../../topology/address.ts';
import { loadTopology } from '../../topology/index.ts';

const SITES = Array.from({ length: MOST_SITES }, (_, index) => index + 1);

const all: readonly Answers[] = SITES.flatMap((sites) =>
  LINKS.flatMap((link) =>
    ENGINES.flatMap((engine) =>
      ROUTERS.map((router) => ({
        name: 'home',
        sites,
        link,
        engine,
        router,
        repoURL: 'https://git.example/home.git',
      })),
    ),
  ),
);

const textOf = (answers: Answers): string =>
  topologyText(answers, { calico: 'v3.32.1', k3s: FIRST_K3S }, 'node_modules/noencap/topology.schema.json');

function loaded(answers: Answers) {
  const read = loadTopology({ file: 'topology.yaml', bytes: Buffer.from(textOf(answers)) });
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return { topology: read.topology, fabric: buildFabric(read.topology, smallestPodMtu) };
}

const titled = (answers: readonly Answers[]) =>
  answers.map((one) => [`${one.sites} ${one.link} ${one.engine} ${one.router}`, one] as const);

// The engine has no part in the network.
const networks = all.filter(({ engine }) => engine === 'both');
/** The fewest, those in which a link has another role each, and the most. */
const analysed = networks.filter(({ sites }) => [1, 2, 3, MOST_SITES].includes(sites));

test.each(titled(analysed))('%s: check finds nothing but what is accepted, with a reason', (_, answers) => {
  const { topology, fabric } = loaded(answers);
  const found = findings(analyse(fabric));
  expect(found.filter(({ suppressed }) => suppressed === undefined)).toEqual([]);
  expect(fabric.regions.map(({ nodes }) => nodes.length)).toEqual(Array(answers.sites).fill(2));
  expect(topology.gitops.engine).toBe(answers.engine);
  expect(
    fabric.routers.every(({ bird }) => (bird.mode === 'standalone') === (answers.router === 'bird')),
  ).toBe(true);
});

test.each(titled(networks))(
  '%s: no two interfaces have one address, and no two networks overlap',
  (_, answers) => {
    const { fabric } = loaded(answers);
    const onSegments = [...fabric.routers, ...fabric.nodes].flatMap(({ attachments }) =>
      attachments.flatMap(({ address }) => FAMILIES.flatMap((family) => address[family]?.text ?? [])),
    );
    expect(new Set(onSegments).size).toBe(onSegments.length);
    if (answers.sites > 1) {
      const loopbacks = fabric.routers.map(({ backboneAddress }) => backboneAddress.ipv4?.text ?? '');
      expect(new Set([...onSegments, ...loopbacks]).size).toBe(onSegments.length + answers.sites);
    }
    const pods = answers.sites === 1 ? 1500 : Math.min(1500, LINK_KINDS[answers.link].mtu);
    expect(fabric.pods.mtu).toBe(pods);
  },
);

/** Each engine once, and the most and the fewest sites: rendering takes long. */
const rendered = all.filter(
  ({ sites, link, engine }) =>
    (sites === 2 && link === 'wireguard') || ([1, 3].includes(sites) && engine === 'both'),
);

test.each(titled(rendered))('%s renders', (_, answers) => {
  const { files } = render(loaded(answers).fabric, undefined);
  const engines = answers.engine === 'both' ? ['argocd', 'flux'] : [answers.engine];
  for (const engine of ['argocd', 'flux'])
    expect([...files.keys()].some((path) => path.startsWith(`gitops/${engine}/`))).toBe(
      engines.includes(engine),
    );
  expect(files.has('routers/gateway-1/bird.conf')).toBe(answers.router === 'bird');
});

test('everything is in block style, without a tab, and its comments begin in one column', () => {
  for (const answers of all) {
    const code = textOf(answers)
      .split('\n')
      .filter((line) => !/^\s*#/.test(line));
    expect(code.filter((line) => /^[^#]*[[{\t]/.test(line))).toEqual([]);
    const columns = code.map((line) => line.search(/(?<=\s)# /)).filter((column) => column >= 0);
    expect([...new Set(columns)]).toEqual([34]);
  }
});

test('AllowedIPs for WireGuard let through every address that crosses a link, and the multicast of OSPF', () => {
  const [line = ''] = /^ +# +10\.42.*OSPF.*$/m.exec(textOf({ ...(all[0] as Answers), sites: 8 })) ?? [];
  const listed = [...line.matchAll(/(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)/g)].map((found) =>
    found.slice(1).map(Number),
  );
  const number = (address: readonly number[]) =>
    address.slice(0, 4).reduce((sum, part) => sum * 256 + part, 0);
  const isListed = (text: string) =>
    listed.some((prefix) => {
      const size = 2 ** (32 - (prefix[4] ?? 0));
      const at = number(text.split('.').map(Number));
      return at >= number(prefix) && at < number(prefix) + size;
    });
  const { fabric } = loaded({ ...(all[0] as Answers), sites: 8 });
  const addresses = [...fabric.routers, ...fabric.nodes].flatMap(({ attachments }) =>
    attachments.map(({ address }) => address.ipv4?.text ?? ''),
  );
  const loopbacks = fabric.routers.map(({ backboneAddress }) => backboneAddress.ipv4?.text ?? '');
  const pods = fabric.pods.pools.map(({ cidr }) => cidr.text.replace(/\/\d+$/, ''));
  const crossing = [...addresses, ...loopbacks, ...pods, '224.0.0.5'];
  expect(crossing.filter((one) => !isListed(one))).toEqual([]);
  expect(isListed('8.8.8.8')).toBe(false);
});

test('every pair of sites has its own WireGuard link, whose numbers say which', () => {
  const { links } = networkOf({ sites: 3, link: 'wireguard' });
  expect(links.map(({ name, cidr }) => `${name} ${cidr}`)).toEqual([
    'wg-1-2 10.254.1.8/30',
    'wg-1-3 10.254.1.12/30',
    'wg-2-3 10.254.2.12/30',
  ]);
});

test('one site has no link, whatever its kind', () => {
  expect(networkOf({ sites: 1, link: 'zerotier' }).links).toEqual([]);
});

test.each(['no', 'y', 'null', 'true', '123', '1e3', '0x1f', '0', 'a', 'x'.repeat(63), '12-30', 'noencap'])(
  'a network may be called %s',
  (name) => {
    const { topology, fabric } = loaded({ ...(all[0] as Answers), name });
    expect(topology.name).toBe(name);
    expect(render(fabric, undefined).files.size).toBeGreaterThan(10);
  },
);

test.each([
  ['Home Lab', 'home-lab'],
  ['.', 'home'],
  ['---', 'home'],
  ['Ünïcödé', 'n-c-d'],
  ['x'.repeat(100), 'x'.repeat(40)],
  ['a_b.c', 'a-b-c'],
  ['2024', '2024'],
])('a folder called %s makes a network called %s', (folder, name) => {
  expect(nameFrom(folder)).toBe(name);
});
