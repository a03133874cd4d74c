import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { analyse, findings } from '../../analysis/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { fabricOf } from '../fabric-of.ts';

/** What is said of borrowed addresses: `path: severity`. */
function said(change: Partial<TopologyInput>): string[] {
  const file = parse(readFileSync('test/lab/borrowed.yaml', 'utf8')) as TopologyInput;
  return findings(analyse(fabricOf({ ...file, ...change })))
    .filter(({ id }) => id === 'NE417')
    .flatMap(({ path, evidence }) => [path.join('.'), ...evidence]);
}

const calico = (rules: NonNullable<TopologyInput['calico']['filters']>[string]['export']) => ({
  calico: { version: 'v3.32.1', filters: { ours: { routers: ['rb'], export: rules } } },
});
const POOL = { cidr: '10.42.0.0/16', operator: 'In' as const };

test('by default nothing: routers carry single addresses', () => {
  expect(said({})).toEqual([]);
});

test('routers that do not: lost at the owner without the mesh, round between it and its router with the mesh', () => {
  expect(said({ bgp: { nodeToNodeMesh: false, exportBorrowed: false } })).toContain(
    'b1 with an address of 10.42.1.0/26 (a1): a2 > a1 (unreachable)',
  );
  expect(said({ bgp: { nodeToNodeMesh: true, exportBorrowed: false } })).toContain(
    'b1 with an address of 10.42.1.0/26 (a1): a1 > ra > a1 (loops)',
  );
});

test('a filter that lets blocks out alone keeps the borrower to itself; one that names the pool does not', () => {
  const accept = { action: 'Accept' as const, match: POOL };
  const reject = { action: 'Reject' as const };
  const bgp = { nodeToNodeMesh: false };
  expect(said({ bgp, ...calico([{ ...accept, prefixLength: { max: 26 } }, reject]) })).toEqual([
    'calico.filters',
    'b1 with an address of 10.42.1.0/26 (a1): a1 (unreachable)',
    'b1 with an address of 10.42.1.0/26 (a1): a2 > a1 (unreachable)',
  ]);
  expect(said({ bgp, ...calico([accept, reject]) })).toEqual([]);
});
