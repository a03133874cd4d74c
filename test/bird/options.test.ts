import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readBird } from '../../bird/parser.ts';
import { birdConfig } from '../../bird/protocols.ts';
import { changedOptions } from '../../bird/reconfigure.ts';
import { put, startBird, until } from '../delivery/bird.ts';
import { scenario } from '../lab/labs.ts';

/** Session options that a topology cannot express: which of them BIRD drops without a reset, and that adopt knows it. */

interface Row {
  readonly change: string;
  readonly level: string;
  readonly line: string;
}

const rows = readFileSync(join('test', 'bird', 'options.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Row => {
    const [, change = '', level = '', rest = ''] = /^(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return { change, level, line: rest };
  });

/** A session with itself for each row, with its line or without. */
const config = (isWithout: boolean): string =>
  rows
    .map(({ level, line }, index) => {
      const [here, there] = [2000 + 2 * index, 2001 + 2 * index];
      const own = (where: string) => (isWithout || level !== where ? '' : line);
      const delay = line.startsWith('connect delay') ? '' : 'connect delay time 0;';
      return `protocol bgp row${index} {
  local 127.0.0.1 port ${here} as 64512; neighbor 127.0.0.1 port ${there} as 64512;
  router id 10.0.0.2; strict bind on; ${delay} ${own('protocol')}
  ipv4 { table t4; import all; export none; ${own('channel')} };
}
protocol bgp far${index} {
  local 127.0.0.1 port ${there} as 64512; neighbor 127.0.0.1 port ${here} as 64512;
  router id 10.0.0.3; strict bind on; passive on; ipv4 { table sent; import none; export all; };
}`;
    })
    .join('\n');

const main = (
  folder: string,
  isWithout: boolean,
): string => `log "${folder}/log" { info, warning, error, fatal, bug };
router id 10.0.0.1;
ipv4 table t4;
ipv4 table igp4;
ipv4 table src4;
ipv4 table sent;
protocol device {}
protocol bfd {}
protocol static { ipv4 { table sent; }; route 10.42.64.64/26 blackhole; }
${config(isWithout)}
`;

const NOT_UP = /^(password|ttl security on|passive on|multihop 5|connect delay|confederation)/;

scenario('real BIRD', () => {
  test('resets the sessions as in the table, and keeps the others', () => {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const bird = startBird((folder) => ({ 'bird.conf': main(folder, false) }), {
      enter: ['unshare', ...user, '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
    });
    try {
      const up = () => [...bird.birdc('show protocols').matchAll(/^(?:\d{4}-|\s)*(row\d+) .*Established/gm)];
      until(() => up().length >= rows.filter(({ line }) => !NOT_UP.test(line)).length, 60);
      put(join(bird.config, 'bird.conf'), main(bird.folder, true));
      expect(bird.birdc('configure')).toMatch(/Reconfigur/);
      const log = () => readFileSync(join(bird.folder, 'log'), 'utf8');
      until(() => log().includes('Reconfigured'), 60);
      const restarted = new Set([...log().matchAll(/Restarting protocol (row\d+)/g)].map(([, name]) => name));
      const change = rows.map((row, index) => ({
        ...row,
        change: restarted.has(`row${index}`) ? 'reset' : 'kept',
      }));
      expect(change).toEqual(rows);
    } finally {
      bird.end();
    }
  });
});

const protocolsOf = (isWithout: boolean) => {
  const read = readBird('bird.conf', new TextEncoder().encode(main('', isWithout)));
  if (!read.ok) throw new Error(JSON.stringify(read.problems.map(({ message }) => message)));
  return new Map(birdConfig(read.statements).protocols.map((one) => [one.name, one]));
};

const [before, after] = [protocolsOf(false), protocolsOf(true)];

test.each(rows.map((row, index): [string, Row, number] => [`${row.level}: ${row.line}`, row, index]))(
  '%s',
  (_, { change }, index) => {
    const [was, is] = [before.get(`row${index}`), after.get(`row${index}`)];
    if (was === undefined || is === undefined) throw new Error('no protocol');
    const resets = changedOptions(was, is).filter(({ effect }) => effect === 'reset');
    expect(resets.length > 0 ? 'reset' : 'kept').toBe(change);
  },
);
