import { stringify } from 'yaml';
import { printable } from '../topology/fault.ts';
import type { Path } from '../topology/model.ts';
import { isFields } from './cluster-objects.ts';
import type { Fact } from './facts.ts';

/** The text of a topology.yaml, with a comment on each line that names its source. */
export function writeTopology(value: Readonly<Record<string, unknown>>, facts: readonly Fact[]): string {
  const comments = new Map(
    facts
      .filter(({ from }) => from !== '')
      .map(({ path, from, guess }) => [keyOf(path), printable(`${guess ? 'guessed: ' : ''}${from}`)]),
  );
  const above = new Set(facts.filter(({ from }) => from !== '').flatMap(({ path }) => abovePaths(path)));
  const sections = Object.keys(value).sort((a, b) => place(a) - place(b));
  const body = sections.flatMap((name, index) => {
    const spaced = index > 0 && (APART.has(name) || APART.has(sections[index - 1] ?? ''));
    return [...(spaced ? [''] : []), ...entry(name, value[name], [], '', { comments, above })];
  });
  return [...HEADER, ...body, ...left(value), ''].join('\n');
}

const HEADER = [
  '# yaml-language-server: $schema=topology.schema.json',
  '#',
  '# Written by noencap adopt from the running network. Each comment names the source of its line; check what was guessed.',
];

/** In reading order. */
const ORDER = [
  'version',
  'name',
  'bgp',
  'pods',
  'services',
  'calico',
  'k3s',
  'gitops',
  'labels',
  'regionLabel',
  'regions',
  'routers',
  'nodes',
  'hosts',
  'underlay',
  'checks',
];
const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
const APART = new Set(['bgp', 'regions', 'routers', 'nodes', 'hosts', 'underlay', 'checks']);

/** Optional settings that none of today's files contains, listed so that nobody considers them settled. */
function left(value: Readonly<Record<string, unknown>>): string[] {
  const routers = isFields(value.routers) ? Object.values(value.routers) : [];
  const todo = [
    ...(value.underlay === undefined
      ? [
          '# TODO underlay: which machines share a segment, and its MTU. The files of routers and nodes do not contain this.',
          '# Without it no path and no MTU is checked, and reflectorNextHop: keep has no effect.',
        ]
      : []),
    ...(routers.some((router) => isFields(router) && router.ssh === undefined && router.planned !== true)
      ? ['# TODO routers.*.ssh: how deliveries reach a router, if not by its name as user noencap.']
      : []),
  ];
  return todo.length === 0 ? [] : ['', ...todo];
}

const WIDEST = 110;

interface Behind {
  /** By path, as text. */
  readonly comments: ReadonlyMap<string, string>;
  /** Paths with a comment below them: these need their own lines. */
  readonly above: ReadonlySet<string>;
}

const abovePaths = (path: Path): string[] => path.slice(1).map((_, index) => keyOf(path.slice(0, index + 1)));

function entry(key: string, value: unknown, above: Path, indent: string, behindLines: Behind): string[] {
  const path = [...above, key];
  const comment = behindLines.comments.get(keyOf(path));
  const behind = comment === undefined ? '' : `  # ${comment}`;
  const head = `${indent}${flow(key)}:`;
  const inLine = `${head} ${flow(value)}`;
  const isCommented = behindLines.above.has(keyOf(path));
  if (
    isFields(value) &&
    Object.keys(value).length > 0 &&
    (isCommented || above.length === 0 || inLine.length > WIDEST)
  ) {
    const inner = Object.entries(value).flatMap(([name, one]) =>
      entry(name, one, path, `${indent}  `, behindLines),
    );
    return [`${head}${behind}`, ...inner];
  }
  if (Array.isArray(value) && inLine.length > WIDEST) {
    return [`${head}${behind}`, ...value.map((one) => `${indent}  - ${flow(one)}`)];
  }
  return [`${inLine}${behind}`];
}

const flow = (value: unknown): string => stringify(value, { ...FLOW, compat: 'yaml-1.1' }).trimEnd();

/** A topology refuses values that YAML 1.1 reads differently, so they are quoted. */
const FLOW = { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 } as const;

const keyOf = (path: Path): string => JSON.stringify(path);
