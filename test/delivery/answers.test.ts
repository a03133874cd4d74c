import { protocolStates } from '../../bird/answers/protocols.ts';
import { linesOf } from '../../delivery/answer.ts';
import { driftFrom, parseInspection } from '../../delivery/inspection.ts';
import { look } from '../../delivery/prepare-router.ts';
import { hashOf, manifestOf } from '../../delivery/release.ts';
import { apply, confirm, hold, type Lock, settle } from '../../delivery/router.ts';
import type { Remote } from '../../delivery/ssh/remote.ts';

const answer = (stdout: string, code = 0, stderr = '') => ({ code, stdout, stderr });

const MANIFEST = new Map([['k3s/ibgp.conf', 'a'.repeat(64)]]);
const LIVE = hashOf(manifestOf(MANIFEST));
const SALT = '00112233445566778899aabbccddeeff';
const GOOD = [
  'protocol 7',
  'bird 2.0.12',
  'main /etc/bird/bird.conf',
  'live-check ok',
  'settled yes',
  'pending 12.5',
  'holder ci@host:7',
  'writable yes',
  'disk 1024',
  'inodes -',
  `state shipped ${LIVE}`,
  `live ${LIVE}`,
  `manifest ${'a'.repeat(64)} k3s/ibgp.conf`,
  'entry k3s linked',
  `file ${'b'.repeat(64)} k3s/ibgp.conf`,
  `salt ${SALT}`,
  'absolute /etc/bird/bird.conf:12 /etc/bird/k3s/a b.conf',
  `running ${LIVE}`,
  'sysctl net.ipv4.ip_forward 1 ',
  'sysctl net.no.such ',
  'all 1002-device1    Device     ---        up     15:01:18.000  ',
  'unresolved 3 device1',
  'end',
];
const text = (lines: readonly string[]) => `${lines.join('\n')}\n`;

test('an inspection is read line by line', () => {
  expect(parseInspection(answer(text(GOOD))).done).toMatchObject({
    birdVersion: '2.0.12',
    liveError: undefined,
    pending: 12.5,
    holder: 'ci@host:7',
    diskKb: 1024,
    inodes: undefined,
    state: { what: 'shipped', hash: LIVE },
    live: { hash: LIVE, manifest: MANIFEST },
    absoluteIncludes: [{ place: '/etc/bird/bird.conf:12', path: '/etc/bird/k3s/a b.conf' }],
    running: LIVE,
    sysctls: new Map([
      ['net.ipv4.ip_forward', '1'],
      ['net.no.such', ''],
    ]),
    protocols: [
      { name: 'device1', type: 'Device', state: 'up', bgp: undefined, channels: [], unresolved: 3 },
    ],
  });
});

test.each([
  ['disk 1024', 'disk much', 'line 9: "disk much"'],
  ['inodes -', 'inodes', 'line 10: "inodes"'],
  ['entry k3s linked', 'entry /etc/passwd linked', 'line 14'],
  ['writable yes', 'writeable yes', 'line 8'],
  [`live ${LIVE}`, 'live ../../etc', 'line 12'],
  [`salt ${SALT}`, 'salt 0123', 'line 16: "salt" is not'],
  [`file ${'b'.repeat(64)} k3s/ibgp.conf`, `file ${'b'.repeat(64)} /etc/passwd`, 'line 15'],
  ['settled yes', 'toString x', 'line 5'],
  ['bird 2.0.12', 'main /etc/bird/bird.conf', 'no single line "bird"'],
  ['live-check ok', 'all 0000', 'no single line "live-check"'],
  ['protocol 7', 'protocole 7', 'line 1'],
  ['unresolved 3 device1', 'unresolved many device1', 'line 22'],
])('%j as %j is reported with its line', (line, wrong, message) => {
  const lines = GOOD.map((one) => (one === line ? wrong : one));
  expect(parseInspection(answer(text(lines))).failed).toEqual({
    kind: 'garbled',
    code: 'answer',
    message: expect.stringContaining(message),
    fix: expect.stringContaining('Check what the account runs there'),
  });
});

test('an account set up by another noencap version must be set up again, whatever else it answers', () => {
  const lines = ['protocol 1', 'temperature 40', ...GOOD.slice(1)];
  expect(parseInspection(answer(text(lines))).failed).toEqual({
    kind: 'refused',
    code: 'usage',
    message: expect.stringMatching(/another noencap version \(protocol 1; /),
    fix: 'Set the account up again with ship --setup.',
  });
});

test('an answer that is cut off anywhere is invalid', () => {
  const whole = text(GOOD);
  for (let length = 0; length < whole.length; length += 1) {
    expect(parseInspection(answer(whole.slice(0, length))).failed?.kind).toBe('garbled');
  }
});

test.each([
  [1, 'refused'],
  [2, 'misused'],
  [3, 'lacking'],
  [255, 'lost'],
  [137, 'lost'],
])("code %d is %s, with the router's message", (code, kind) => {
  const lines = 'held\ncode lock\nmessage why\nfix Wait.\n';
  expect(linesOf('stage', answer(lines, code, 'why. Wait.\n')).failed).toEqual({
    kind,
    code: 'lock',
    message: 'why',
    fix: 'Wait.',
  });
  expect(linesOf('stage', answer('', code)).failed?.message).toContain(`ended with ${code}`);
});

test.each(['why\n', '', 'code root\nmessage why\nfix rm -r /\n'])(
  'what is no answer of the script, %j, is shown and not obeyed',
  (words) => {
    expect(linesOf('stage', answer(words, 1, 'why\n')).failed).toEqual({
      kind: 'refused',
      code: 'answer',
      message: 'why',
      fix: 'Check what the account runs there: noencap expects its own script.',
    });
  },
);

test('drift is reported by file, and only for our files', () => {
  const done = parseInspection(answer(text(GOOD))).done;
  if (done === undefined) throw new Error('not read');
  const wanted = new Map([
    ['k3s/ibgp.conf', 'a'.repeat(64)],
    ['k3s/gone.conf', 'c'.repeat(64)],
    ['sysctl.d/90-noencap.conf', 'd'.repeat(64)],
  ]);
  expect(driftFrom(done, wanted)).toEqual([
    { path: 'k3s/gone.conf', is: 'missing' },
    { path: 'k3s/ibgp.conf', is: 'changed' },
  ]);
});

test('protocols have their channels, with and without dates', () => {
  const lines = `2002-Name       Proto      Table      State  Since         Info
1002-device1    Device     ---        up     2026-11-24 15:01:18  
1006-
1002-k3s_a_v4   BGP        ---        up     15:04:52.536  Established   
1006-  BGP state:          Established
         Neighbor address: 10.0.0.2
       Channel ipv4
         State:          UP
         Table:          intra_table_v4
         Routes:         12 imported, 1 filtered, 3 exported, 11 preferred
       Channel ipv6
         State:          DOWN
     
1002-k3s_b_v4   BGP        ---        start  2026-11-24    Active        Socket: Connection refused
1006-  BGP state:          Active
`;
  expect(protocolStates(lines)).toEqual([
    { name: 'device1', type: 'Device', state: 'up', bgp: undefined, channels: [] },
    {
      name: 'k3s_a_v4',
      type: 'BGP',
      state: 'up',
      bgp: { state: 'Established', neighbor: '10.0.0.2', error: '' },
      channels: [
        { name: 'ipv4', state: 'UP', imported: 12, exported: 3, preferred: 11 },
        { name: 'ipv6', state: 'DOWN', imported: 0, exported: 0, preferred: 0 },
      ],
    },
    {
      name: 'k3s_b_v4',
      type: 'BGP',
      state: 'start',
      bgp: { state: 'Active', neighbor: '', error: '' },
      channels: [],
    },
  ]);
});

describe('impossible answers', () => {
  const saying = (stdout: string): Remote => ({
    run: async () => answer(stdout),
    start: async () => answer(stdout),
    fresh: () => saying(stdout),
    end: async () => {},
  });
  const settings = { configDir: '/etc/bird', mode: 'include' } as const;
  const lock: Lock = {
    owner: 'x',
    stale: undefined,
    broken: new Promise(() => {}),
    run: async () => answer(''),
    release: async () => true,
  };

  test.each([
    ['confirm', 'shipped', (stdout: string) => confirm(saying(stdout), settings, lock, LIVE)],
    ['apply', 'pending', (stdout: string) => apply(saying(stdout), settings, lock, LIVE, 60)],
    ['settle', 'settled', (stdout: string) => settle(saying(stdout), settings, lock)],
    ['hold', 'held', (stdout: string) => hold(saying(stdout), settings, 'x')],
  ])('%s', async (_verb, key, ask) => {
    expect((await ask('end\n')).failed?.kind).toBe('garbled');
    expect((await ask(`${key} soon\n`)).failed?.kind).toBe('garbled');
    expect((await ask('')).failed?.kind).toBe('garbled');
  });

  test('a look at a router reports routes with unresolved next hops, whatever is to be delivered', async () => {
    const idle = GOOD.filter((line) => !/^(holder|pending|absolute|file) /.test(line));
    const live = idle.map((line) =>
      line.replace(/^manifest (.*)/, `manifest $1\nfile ${'a'.repeat(64)} k3s/ibgp.conf`),
    );
    const told: string[] = [];
    const seen = await look({
      router: 'e1',
      remote: saying(text(live)),
      settings,
      release: () => ({ hash: LIVE, manifest: '', files: [], secret: undefined }),
      sysctls: new Map(),
      owner: 'x',
      timeout: 60,
      acceptDrift: false,
      report: (_step, _outcome, details = []) => void told.push(...details),
      stop: new AbortController().signal,
    });
    expect(seen.verdict).toBe('unchanged');
    expect(told).toEqual([
      'BIRD has routes with an unresolved next hop (device1 3): let protocol direct and the IGP fill the table of these sessions',
    ]);
  });

  test('an invalid number of seconds, an invalid release', async () => {
    expect((await apply(saying('pending soon\nend\n'), settings, lock, LIVE, 60)).failed?.kind).toBe(
      'garbled',
    );
    expect((await settle(saying('settled shipped x\nend\n'), settings, lock)).failed?.kind).toBe('garbled');
    expect(
      (await confirm(saying('shipped 0000000000000000\nend\n'), settings, lock, LIVE)).failed?.kind,
    ).toBe('garbled');
  });
});
