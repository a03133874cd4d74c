import type { Draft } from '../draft.ts';
import { entries, has } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import { didYouMean, listed, type Suggest, suggester } from '../suggest.ts';
import { machineNames } from './machines.ts';

/** Names that refer to something else in the file, which must exist. */
export function referenceRules(draft: Draft): Fault[] {
  const { bgp, calico, nodes, regions, routers, underlay } = draft.file;
  const router = target(draft, 'router', ['routers']);
  const region = target(draft, 'region', ['regions']);
  const segment = target(draft, 'segment', ['underlay', 'segments']);
  const interfaces = (kind: 'routers' | 'nodes', name: string, record: object | undefined) =>
    Object.keys(record ?? {}).flatMap((one) => {
      const unknown = segment([kind, name, 'interfaces', one], one, 'key');
      return unknown.length > 0 ? unknown : notMember(draft, kind, name, one);
    });
  const mesh = bgp?.backboneMesh;
  return [
    ...(Array.isArray(mesh) ? mesh : []).flatMap((pair, index) =>
      (pair ?? []).flatMap((name: string | undefined, end: number) =>
        router(['bgp', 'backboneMesh', index, end], name),
      ),
    ),
    ...entries(calico?.filters).flatMap(([name, filter]) =>
      (filter.routers ?? []).flatMap((one, index) =>
        router(['calico', 'filters', name, 'routers', index], one),
      ),
    ),
    ...entries(regions).flatMap(([name, { router: single, routers: several }]) => [
      ...router(['regions', name, 'router'], single),
      ...(several ?? []).flatMap((one, index) => router(['regions', name, 'routers', index], one)),
    ]),
    ...entries(routers).flatMap(([name, router]) => interfaces('routers', name, router.interfaces)),
    ...entries(nodes).flatMap(([name, node]) => [
      ...region(['nodes', name, 'region'], node.region),
      ...gateway(draft, ['nodes', name, 'defaultRouter'], node.defaultRouter),
      ...interfaces('nodes', name, node.interfaces),
    ]),
    ...members(draft, underlay?.segments),
  ];
}

/** What a default route may point to: a router or a host. A separate rule checks that the host forwards. */
function gateway(draft: Draft, path: Path, name: string | undefined): Fault[] {
  const { hosts = {}, routers = {} } = draft.file;
  if (name === undefined || draft.faulty('routers') || draft.faulty('hosts')) return [];
  if (has(routers, name) || has(hosts, name)) return [];
  const names = [...Object.keys(routers), ...Object.keys(hosts)];
  const message = `no router or host is named ${JSON.stringify(name)}`;
  const fix = didYouMean(suggester(names)(name), `Known: ${listed(names, 'and')}.`);
  return [fault('unknown-gateway', path, message, fix)];
}

type Check = (path: Path, name: string | undefined, part?: 'key') => Fault[];

/** Checks that a name is a key of a record. Skipped if the record itself is unreadable. */
function target(draft: Draft, kind: string, path: Path): Check {
  const record = path.reduce<object | undefined>(
    (value, part) => (value as Record<string | number, object> | undefined)?.[part],
    draft.file,
  );
  const names = Object.keys(record ?? {});
  if (draft.faulty(...path)) return () => [];
  const suggest = suggester(names);
  const hint =
    names.length === 0
      ? `There is no ${kind} at all: add it under ${path.join('.')}.`
      : `Known: ${listed(names, 'and')}.`;
  return (at, name, part) =>
    name === undefined || has(record, name) ? [] : [unknown(kind, at, name, suggest, hint, part)];
}

function unknown(
  kind: string,
  at: Path,
  name: string,
  suggest: Suggest,
  hint: string,
  part: 'key' | undefined,
): Fault {
  const message = `no ${kind} is named ${JSON.stringify(name)}`;
  return fault(`unknown-${kind}` as Fault['code'], at, message, didYouMean(suggest(name), hint), {
    ...(part && { part }),
  });
}

function notMember(draft: Draft, kind: string, machine: string, segment: string): Fault[] {
  const path = ['underlay', 'segments', segment, 'members'];
  const members = draft.file.underlay?.segments?.[segment]?.members;
  if (draft.faulty(...path) || has(members, machine)) return [];
  const message = `${machine} is not a member of the segment ${segment}`;
  const fix = `Add it under ${path.join('.')}, or remove the interface.`;
  return [
    fault('interface-not-member', [kind, machine, 'interfaces', segment], message, fix, { part: 'key' }),
  ];
}

type Segments = NonNullable<Draft['file']['underlay']>['segments'];

function members(draft: Draft, segments: Segments): Fault[] {
  const machines = machineNames(draft);
  if (machines === undefined) return [];
  const suggest = suggester(machines);
  return entries(segments).flatMap(([name, segment]) =>
    Object.keys(segment.members ?? {})
      .filter((machine) => !machines.has(machine))
      .map((machine) => {
        const path = ['underlay', 'segments', name, 'members', machine];
        const message = `no router, node or host is named ${JSON.stringify(machine)}`;
        const fix = didYouMean(
          suggest(machine),
          'If it is another machine on the underlay, add it under hosts.',
        );
        return fault('unknown-machine', path, message, fix, { part: 'key' });
      }),
  );
}
