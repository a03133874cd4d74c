import { readFileSync } from 'node:fs';
import { type BgpState, bgpStates } from '../bird/answers/protocols.ts';
import { recoveryLeft } from '../bird/answers/status.ts';
import { askBirdEach } from './birdc.ts';
import type { Lab } from './lab.ts';
import { hostFolder, type LabDaemon } from './model.ts';

/** A line of the log of one of a host's daemons. */
export interface LogLine {
  readonly host: string;
  readonly text: string;
}

/** An observation of the whole lab. */
export interface Observation {
  /** By host; what its daemons said of each BGP protocol. */
  readonly sessions: ReadonlyMap<string, readonly BgpState[]>;
  /** By host: its main tables of both families. */
  readonly routes: ReadonlyMap<string, readonly KernelRoute[]>;
  /** Daemons that did not answer, with their output at start. */
  readonly silent: readonly { readonly host: string; readonly daemon: string; readonly output: string }[];
  /** Nodes' BIRDs that wait for peers and hide the node's pods meanwhile; for how many more seconds at most. */
  readonly waiting: readonly { readonly host: string; readonly seconds: number }[];
  /** Lines of BIRD logs that report errors. */
  readonly errors: readonly LogLine[];
}

export interface KernelRoute {
  /** A prefix with its length, or `default`. */
  readonly to: string;
  readonly type: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit' | 'other';
  readonly protocol: string;
  readonly metric: number;
  readonly hops: readonly { readonly via: string | undefined; readonly dev: string }[];
}

/** One look: every daemon over its socket, and every kernel's tables. */
export async function observe(lab: Lab): Promise<Observation> {
  const [heard, routes] = await Promise.all([hear(lab), kernelRoutes(lab)]);
  return { ...heard, routes };
}

/** What the daemons say, which costs no process: kernels' routes need one for each machine and family. */
export async function hear(lab: Lab): Promise<Omit<Observation, 'routes'>> {
  const answers = await askDaemons(lab);
  const sessions = new Map<string, BgpState[]>();
  const silent: { host: string; daemon: string; output: string }[] = [];
  const waiting = answers.flatMap(({ host, seconds }) => (seconds === undefined ? [] : [{ host, seconds }]));
  for (const { host, daemon, text } of answers) {
    if (text === undefined)
      silent.push({ host, daemon: daemon.name, output: startWords(lab, host, daemon.name) });
    else sessions.set(host, [...(sessions.get(host) ?? []), ...bgpStates(text)]);
  }
  return { sessions, silent, waiting, errors: logErrors(lab) };
}

interface Answer {
  readonly host: string;
  readonly daemon: LabDaemon;
  readonly text: string | undefined;
  /** Of its recovery; undefined where it is over. */
  readonly seconds: number | undefined;
}

async function askDaemons(lab: Lab): Promise<Answer[]> {
  return Promise.all(
    lab.plan.hosts.flatMap((host) =>
      host.daemons.map(async (daemon) => {
        const socket = lab.holder.path(`${hostFolder(host.name)}/${daemon.name}.ctl`);
        const recovers = daemon.role === 'calico' ? ['show status'] : [];
        const [protocols, status] = await askBirdEach(socket, ['show protocols all', ...recovers]);
        return { host: host.name, daemon, text: protocols?.text, seconds: recoveryLeft(status?.text ?? '') };
      }),
    ),
  );
}

interface IpRoute {
  readonly dst: string;
  readonly type?: string;
  readonly protocol?: string;
  readonly metric?: number;
  readonly dev?: string;
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly nexthops?: readonly { gateway?: string; via?: { host: string }; dev: string }[];
}

export async function kernelRoutes(lab: Lab): Promise<ReadonlyMap<string, KernelRoute[]>> {
  const all = lab.hasIpv6 ? ['-4', '-6'] : ['-4'];
  const script = lab.plan.hosts
    .map(({ name }) =>
      [`echo '@${name}'`, ...all.map((family) => `ip -n ${name} ${family} -j route`)].join('; '),
    )
    .join('\n');
  const { stdout } = await lab.holder.run(script);
  return new Map(
    stdout
      .split(/^@/m)
      .slice(1)
      .map((part): [string, KernelRoute[]] => {
        const [name = '', ...tables] = part.trim().split('\n');
        const routes = tables.flatMap((table) => JSON.parse(table || '[]') as IpRoute[]);
        return [name, routes.map(kernelRoute)];
      }),
  );
}

function kernelRoute({ dst, type, protocol = '', metric = 0, nexthops, ...single }: IpRoute): KernelRoute {
  const bits = dst.includes(':') ? 128 : 32;
  const hops = (nexthops ?? (single.dev === undefined ? [] : [{ ...single, dev: single.dev }])).map(
    ({ gateway, via, dev }) => ({ via: gateway ?? via?.host, dev }),
  );
  const discarding = ['blackhole', 'unreachable', 'prohibit'].find((one) => one === type);
  return {
    to: dst === 'default' || dst.includes('/') ? dst : `${dst}/${bits}`,
    type:
      (discarding as KernelRoute['type'] | undefined) ??
      (type === undefined || type === 'unicast' ? 'unicast' : 'other'),
    protocol,
    metric,
    hops,
  };
}

const startWords = (lab: Lab, host: string, daemon: string): string =>
  read(lab.holder.path(`${hostFolder(host)}/${daemon}.start`)).trim();

/**
 * No error of anybody's: before the IGP has brought the way to a peer, BFD cannot send to it; and when an interface goes, the
 * kernel tells of its addresses after it.
 */
const HARMLESS =
  /bfd\d*: Socket error: Network is unreachable|KIF: Received address message for unknown interface/;

function logErrors(lab: Lab): LogLine[] {
  return lab.plan.hosts.flatMap((host) =>
    host.daemons.flatMap((daemon) =>
      read(lab.holder.path(`${hostFolder(host.name)}/${daemon.name}.log`))
        .split('\n')
        .filter((line) => /<(ERR|BUG|FATAL)>/.test(line) && !HARMLESS.test(line))
        .map((text) => ({ host: host.name, text })),
    ),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
