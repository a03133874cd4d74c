import { isOwn } from '../../adopt/router-sessions.ts';
import { readBird } from '../../bird/parser.ts';
import { birdConfig } from '../../bird/protocols.ts';
import { birdSays } from '../routers/bird.ts';
import { adoptRouters, bytesOf, routersIn } from './scenarios.ts';

/** Forms in which configurations are written, and the result. */

const read = (text: string) => {
  const reading = readBird('bird.conf', new TextEncoder().encode(text));
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems.map(({ message }) => message)));
  return birdConfig(reading.statements);
};

const LISTS = `router id 10.0.0.1;
log syslog { warning, error, fatal, bug };
log "/var/log/bird.log" { debug, trace, info, remote };
log stderr all;
debug protocols { states, interfaces };
debug channels off;
mrtdump protocols { states, messages };
timeformat protocol iso long;
protocol device { scan time 15; debug { states }; }
protocol bgp n { local as 64512; neighbor 192.0.2.1 as 64512; debug { states, events }; mrtdump { states }; ipv4 { import all; export none; debug { routes }; }; }
`;

test('words in braces are lists, for BIRD and for us', () => {
  expect(birdSays(new Map([['bird.conf', LISTS]]))).toBe('');
  const [session] = read(LISTS).protocols;
  expect(session?.options.get('debug')).toBe('{ states , events }');
  expect(session?.options.get('ipv4/import filter')).toBe('all');
});

test.each([
  ['local as 64512; neighbor 192.0.2.1 as 64512;', true],
  ['local as 64512; neighbor 192.0.2.1 internal;', true],
  ['local 192.0.2.9 as 64512; neighbor 192.0.2.1 internal;', true],
  ['local as K3S_AS; neighbor 192.0.2.1 internal;', true],
  ['local as K3S_AS; neighbor 192.0.2.1 as K3S_AS;', true],
  ['local as 64999; neighbor 192.0.2.1 internal;', false],
  ['local as 64999; neighbor 192.0.2.1 as 64999;', false],
  ['local as 64999; neighbor 192.0.2.1 as 64512;', false],
  ['local as 64512; neighbor 192.0.2.1 as 64999;', false],
  ['local as 64512; neighbor 192.0.2.1 external;', false],
])("%s is a session of the cluster's AS: %s", (ends, own) => {
  const [session] = read(`protocol bgp n { ${ends} ipv4 { import all; }; }`).protocols;
  if (session === undefined) throw new Error('no session');
  expect(isOwn(session, '64512')).toBe(own);
});

test("a channel without a table uses BIRD's predefined one, and needs no line for it", () => {
  const [gw] = routersIn('one-region');
  const files = Object.fromEntries(
    [...(gw?.files ?? [])].map(([path, bytes]) => [
      path,
      new TextDecoder().decode(bytes).replaceAll(/(ipv4 )?table t4;/g, ''),
    ]),
  );
  const { adopted, comparison } = adoptRouters([{ name: 'gw', files: bytesOf(files) }], 'one-region');
  expect(adopted.topology.routers.find(({ name }) => name === 'gw')?.bird.tables.ipv4).toBe('master4');
  expect(comparison.todo.filter((one) => one.includes('table'))).toEqual([]);
  const tables = comparison.compared.flatMap(({ details }) =>
    details.filter(({ field }) => /table/.test(field)),
  );
  expect(tables).toEqual([]);
});
