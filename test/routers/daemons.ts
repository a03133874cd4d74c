import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fabric, NodeSpeaker, RouterSpeaker } from '../../fabric/index.ts';
import { addressBits, valuesOf } from '../../topology/address.ts';
import { filesOf, hostConfig, place } from './bird.ts';

/** The output of running daemons: command outputs by name, and all their logs. */
export interface Observed {
  /** `birdc` or `ip` output, by `<machine> <question>`. */
  readonly answers: ReadonlyMap<string, string>;
  readonly logs: string;
}

export interface Scenario {
  readonly fabric: Fabric;
  /** Each node's IPAM block, which it announces as Calico does. */
  readonly blocks: Readonly<Record<string, readonly string[]>>;
  /** What include mode leaves to the bird.conf around our files: the routes to the other routers' loopbacks. */
  readonly routes?: Readonly<Record<string, string>>;
  /** Maps `<machine> <question>` to a command that runs there; `birdc` connects to that machine's daemon. */
  readonly questions: Readonly<Record<string, string>>;
}

/**
 * Runs every router with exactly what is rendered for it and a BIRD 2 for every node, each in a network namespace, waits
 * until all BGP and BFD sessions are up and no kernel's route changes any more, and asks. Two things are put differently in the copies: logs go to a file, and
 * OSPF's timers are short.
 */
export function observe(scenario: Scenario): Observed {
  const folder = mkdtempSync(join(tmpdir(), 'noencap-daemons-'));
  try {
    for (const router of scenario.fabric.routers) placeRouter(folder, scenario, router);
    for (const node of scenario.fabric.nodes) {
      place(
        join(folder, node.name),
        new Map([['bird.conf', nodeConfig(scenario, node, join(folder, node.name))]]),
      );
    }
    mkdirSync(join(folder, 'answers'));
    writeFileSync(join(folder, 'run.sh'), script(folder, scenario));
    const holder = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const rootless = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const run = spawnSync('unshare', [...rootless, ...holder, 'sh', join(folder, 'run.sh')], {
      encoding: 'utf8',
      timeout: 280_000,
    });
    const logs = scenarioLogs(folder, scenario);
    if (run.status !== 0)
      throw new Error(`The daemons did not get there.\n${run.stdout}${run.stderr}\n${logs}`);
    const answers = new Map(
      readdirSync(join(folder, 'answers')).map((name) => [
        name,
        readFileSync(join(folder, 'answers', name), 'utf8'),
      ]),
    );
    return { answers, logs };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function placeRouter(folder: string, { fabric, routes }: Scenario, router: RouterSpeaker): void {
  const own = join(folder, router.name);
  const log = `log "${join(own, 'bird.log')}" all;`;
  const files = filesOf(fabric, router.name);
  const rendered = files.get('bird.conf');
  files.set(
    'bird.conf',
    rendered === undefined
      ? hostConfig(fabric, router.name, `${log}\n${surroundings(router, routes?.[router.name] ?? '')}`)
      : rendered
          .replace('log syslog all;', log)
          .replace(/^( *)cost (\d+);(\n *hello .*\n.*dead .*)?$/gm, '$1cost $2; hello 1; dead 4; wait 2;'),
  );
  place(own, files);
}

/** What the operator of an existing bird.conf has beside our files. */
function surroundings(router: RouterSpeaker, routes: string): string {
  const { ipv4, ipv6 } = router.bird.tables;
  const kernel = (family: string, table: string) =>
    `protocol kernel { ${family} { table ${table}; export where source != RTS_DEVICE; }; merge paths on; }`;
  return `protocol direct { ipv4 { table ${ipv4}; }; ipv6 { table ${ipv6}; }; check link yes; }
${kernel('ipv4', ipv4)}
${kernel('ipv6', ipv6)}
protocol static { ipv6 { table ${ipv6}; }; ${routes} }`;
}

/** A node as its routers see it: its block, its own next hop, a session with each of its reflectors. */
function nodeConfig({ fabric, blocks }: Scenario, node: NodeSpeaker, folder: string): string {
  const ofFamily = (family: string) =>
    (blocks[node.name] ?? []).filter((cidr) => cidr.includes(':') === (family === 'ipv6'));
  const families = fabric.pods.families;
  const sessions = fabric.sessions.filter((session) => session.ends[1].speaker === node.name);
  return [
    `log "${join(folder, 'bird.log')}" all;`,
    `router id ${valuesOf(node.address).find(({ family }) => family === 'ipv4')?.text ?? '10.77.0.1'};`,
    'protocol device { scan time 1; }',
    'protocol direct { ipv4; ipv6; check link yes; }',
    ...families.flatMap((family) => [
      `protocol kernel { ${family} { export where source != RTS_DEVICE; }; merge paths on; }`,
      `protocol static { ${family}; ${ofFamily(family)
        .map((cidr) => `route ${cidr} blackhole;`)
        .join(' ')} }`,
    ]),
    ...sessions.map(({ transport, ends: [router, own] }) => {
      const channel = `${transport} { import all; export where source = RTS_STATIC; next hop self; }`;
      return `protocol bgp ${router.speaker}_${transport} { local ${own.address.text} as ${own.asNumber}; neighbor ${router.address.text} as ${router.asNumber}; connect delay time 1; ${channel}; }`;
    }),
    '',
  ].join('\n');
}

function script(folder: string, { fabric, questions }: Scenario): string {
  const machines = [...fabric.routers, ...fabric.nodes];
  const inside = (name: string, command: string) => `ip netns exec ${name} ${command}`;
  const birdc = (name: string) => `birdc -s ${join(folder, name, 'ctl')}`;
  return [
    'set -eu',
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/netns',
    'ip link set lo up',
    ...machines.flatMap(({ name }) => [
      `ip netns add ${name}`,
      inside(
        name,
        'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0',
      ),
      `ip -n ${name} link set lo up`,
    ]),
    ...(fabric.segments ?? []).flatMap(({ name }, index) => [
      `ip link add br${index} type bridge mcast_snooping 0`,
      `ip link set br${index} up # ${name}`,
    ]),
    ...machines.flatMap((machine) =>
      machine.attachments.flatMap((link) => {
        const index = (fabric.segments ?? []).findIndex(({ name }) => name === link.segment);
        const port = `p${index}-${machine.name}`;
        const own = link.interface ?? `if${index}`;
        return [
          `ip link add ${port} type veth peer name ${own} netns ${machine.name}`,
          `ip link set ${port} master br${index} up`,
          ...valuesOf(link.address).map(
            (address) =>
              `ip -n ${machine.name} addr add ${address.text}/${link.cidr[address.family]?.length} dev ${own}`,
          ),
          `ip -n ${machine.name} link set ${own} up`,
        ];
      }),
    ),
    ...machines.flatMap((machine) => {
      const onSegments = machine.attachments.flatMap((link) =>
        valuesOf(link.address).map(({ text }) => text),
      );
      const own =
        machine.kind === 'node' ? [machine.address] : [machine.nodeAddress, machine.backboneAddress];
      return own
        .flatMap((addresses) => valuesOf(addresses))
        .filter(({ text }) => !onSegments.includes(text))
        .map(({ text, family }) => `ip -n ${machine.name} addr add ${text}/${addressBits(family)} dev lo`);
    }),
    ...fabric.nodes.flatMap((node) => defaultRoutes(fabric, node)),
    'sleep 1',
    ...machines.map(({ name }) => {
      const at = (file: string) => join(folder, name, file);
      return inside(name, `bird -c ${at('bird.conf')} -s ${at('ctl')} -P ${at('pid')}`);
    }),
    'settled() {',
    ...machines.flatMap(({ name }) => [
      `  ${birdc(name)} show protocols | grep ' BGP ' | grep -v Established && return 1`,
      `  ${birdc(name)} show bfd sessions | grep -E ' (Down|Init) ' && return 1`,
    ]),
    '  return 0',
    '}',
    `routes() { for name in ${machines.map(({ name }) => name).join(' ')}; do ip -n $name route; ip -n $name -6 route; done; }`,
    'tries=0 same=0 before=',
    'while [ $same -lt 3 ]; do',
    '  tries=$((tries + 1))',
    `  if [ $tries -gt 300 ]; then settled; ${machines.map(({ name }) => `echo ${name}; ${birdc(name)} show protocols; `).join('')} exit 1; fi`,
    '  sleep 0.7',
    '  now=$(routes)',
    '  if settled >/dev/null && [ "$now" = "$before" ]; then same=$((same + 1)); else same=0; fi',
    '  before=$now',
    'done',
    ...Object.entries(questions).map(([name, command]) => {
      const machine = name.split(' ')[0] ?? '';
      const asked = command.replace(/^birdc /, `${birdc(machine)} `);
      return `${inside(machine, asked)} >'${join(folder, 'answers', name)}'`;
    }),
    '',
  ].join('\n');
}

/** A node without IGP has one default route, to its member-side router. */
function defaultRoutes(fabric: Fabric, node: NodeSpeaker): string[] {
  const router = fabric.routers.find(({ name }) => name === node.defaultRouter);
  return node.attachments.flatMap((link) => {
    const gateway = router?.attachments.find(({ segment }) => segment === link.segment);
    return valuesOf(gateway?.address ?? {}).map(
      ({ text, family }) =>
        `ip -n ${node.name} ${family === 'ipv6' ? '-6 ' : ''}route add default via ${text}`,
    );
  });
}

const scenarioLogs = (folder: string, { fabric }: Scenario): string =>
  [...fabric.routers, ...fabric.nodes]
    .map(({ name }) => {
      try {
        return readFileSync(join(folder, name, 'bird.log'), 'utf8').replace(/^/gm, `${name}: `);
      } catch {
        return `${name}: no log`;
      }
    })
    .join('\n');
