import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallestPodMtu } from '../../../analysis/index.ts';
import { type BirdStatement, readBird, wordsText } from '../../../bird/parser.ts';
import { buildFabric, type Fabric } from '../../../fabric/index.ts';
import { upstreamFolder } from '../../../scripts/upstream.ts';
import type { Family } from '../../../topology/address.ts';
import { loadTopology } from '../../../topology/index.ts';
import { functionsIn, linesOf, stepsOf } from '../../lab/bird-steps.ts';

/**
 * The output of Calico's own confd for the nodes of some topologies: `confd/<topology>-<version>/<node>` below upstream's folder,
 * with the topologies beside it. It cannot be fetched: it comes from a running Calico.
 */
export interface Written {
  readonly topology: string;
  readonly version: string;
  readonly node: string;
  readonly folder: string;
}

const upstream = upstreamFolder();
const folder = upstream === undefined ? undefined : join(upstream, 'confd');

/** Everything that is there; empty if the folder does not exist. */
export function written(): readonly Written[] {
  if (folder === undefined || !existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const [, topology, version] = /^(.+)-(v\d+\.\d+\.\d+)$/.exec(name) ?? [];
      if (topology === undefined || version === undefined) return [];
      return readdirSync(join(folder, name))
        .sort()
        .map((node) => ({ topology, version, node, folder: join(folder, name, node) }));
    });
}

const topologyFile = (topology: string): string => join(folder ?? '', 'topologies', `${topology}.yaml`);

/** The configuration of one BIRD: its main file and what that includes. */
export const writtenFor = (one: Written, family: Family): BirdConfig =>
  configOf(writtenStatements(one, family));

/** The same, verbatim. */
export const writtenStatements = ({ folder }: Written, family: Family): readonly BirdStatement[] =>
  statementsOf((file) => readFileSync(join(folder, file), 'utf8'), `${BIRDS[family]}.cfg`);

const BIRDS = { ipv4: 'bird', ipv6: 'bird6' } as const;

/** A BIRD configuration: each protocol, template and filter by its heading, with its statements in order. */
export interface BirdConfig {
  readonly parts: ReadonlyMap<string, readonly string[]>;
  /** Ignored statements, by reason: see LEFT_OUT. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** What is not compared. */
export const LEFT_OUT = {
  'log: the lab keeps one for each daemon': /^log\b/,
  'timers of connecting: the lab has shorter ones': /^(connect (delay|retry) time|error wait time) /,
  "krt_tunnel: Debian's BIRD has none, and without encapsulation it is empty": /^krt_tunnel = ""$/,
  'the password itself: the lab includes one of its own': /^(password|include) ".*"$/,
} as const;

/** The statements of a file and its includes. */
export function statementsOf(read: (file: string) => string, file: string): readonly BirdStatement[] {
  const included = (name: string): readonly BirdStatement[] => {
    // A list of flags is in braces, but is not a block.
    const text = read(name).replaceAll('debug { states };', 'debug states;');
    const reading = readBird(name, Buffer.from(text));
    if (!reading.ok) throw new Error(`${name}: ${reading.problems.map(({ message }) => message).join('; ')}`);
    return reading.statements.flatMap((statement) => {
      const [first, second] = statement.words;
      return first?.text === 'include' && second !== undefined ? included(second.text) : [statement];
    });
  };
  return included(file);
}

export function configOf(statements: readonly BirdStatement[]): BirdConfig {
  const functions = functionsIn(statements);
  const leftOut = new Map<string, number>();
  const isCompared = (line: string): boolean => {
    const reason = Object.entries(LEFT_OUT).find(([, pattern]) => pattern.test(line.trim()))?.[0];
    if (reason !== undefined) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    return reason === undefined;
  };
  const filter = ({ words, body }: BirdStatement): string[] => [
    wordsText(words),
    ...linesOf(stepsOf(body ?? [], functions), '  '),
  ];
  const lines = ({ words, body }: BirdStatement): string[] => {
    const text = wordsText(words);
    if (words.some((word) => word.text === 'filter') && body !== undefined) return filter({ words, body });
    // Of passwords only the presence is compared.
    const inside = (body ?? []).flatMap(lines).map((line) => `  ${line}`);
    // A filter that accepts everything has a short form.
    return text === 'import all' ? ['import filter', '  accept'] : [text, ...inside];
  };
  const parts = statements
    .filter(({ words }) => words[0]?.text !== 'function')
    .map((statement): [string, string[]] => {
      const [head = '', ...rest] = lines(statement);
      const hasPassword = rest.some((line) => /^\s*(password|include) "/.test(line));
      const compared = rest.filter(isCompared);
      return [head, hasPassword ? [...compared, '  password'] : compared];
    })
    .filter(([head]) => isCompared(head));
  return { parts: new Map(parts), leftOut };
}

const fabrics = new Map<string, Fabric>();

/** The topology that a configuration was written for, with the version of Calico that wrote it. */
export function fabricFor({ topology, version }: Written): Fabric {
  const key = `${topology} ${version}`;
  const known = fabrics.get(key);
  if (known !== undefined) return known;
  const file = topologyFile(topology);
  const text = readFileSync(file, 'utf8').replace(/(\bversion: )v\d+\.\d+\.\d+(?!\+)/, `$1${version}`);
  const loaded = loadTopology({ file, bytes: Buffer.from(text) });
  if (!loaded.ok) throw new Error(loaded.faults.map(({ message }) => message).join('\n'));
  const fabric = buildFabric(loaded.topology, smallestPodMtu);
  if (fabric.calico.version !== version) throw new Error(`${file} names no version of Calico`);
  fabrics.set(key, fabric);
  return fabric;
}
