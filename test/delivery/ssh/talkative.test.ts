import { spawn } from 'node:child_process';
import { show } from '../../../delivery/router.ts';
import { LIMITS } from '../../../delivery/ssh/limits.ts';
import type { Remote, Running } from '../../../delivery/ssh/remote.ts';
import { sshRemote } from '../../../delivery/ssh/ssh.ts';
import { heard } from '../../../machine/index.ts';
import { waited } from '../../waited.ts';
import { type Agent, clientsOf, endSshd, programIn, type Sshd, startAgent, startSshd } from './sshd.ts';

let sshd: Sshd;
let agent: Agent;
const ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sshd = await startSshd();
  agent = startAgent();
  agent.add(sshd.key);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(async () => {
  agent.end();
  await endSshd(sshd);
});

const command = (verb: string) => ({ verb, settings: [], args: [] });

function to(script: string): Remote {
  const remote = sshRemote(sshd.target, { script: () => script });
  ends.push(remote.end);
  return remote;
}

const TOO_MUCH =
  /^\[127\.0\.0\.1\]:\d+ answers \w+ with more than any valid answer has \(\d+ bytes, .*\)\.\n.+\n$/;

/** Endless output of a shell, or a lot of it. */
const FLOODS: Readonly<Record<string, string>> = {
  'lines without end': 'yes "all 1002-k3s_a BGP --- up 15:01:18.000"',
  'a line without end': "head -c 200000000 /dev/zero | tr '\\0' x",
  'zeros without end': 'cat /dev/zero',
  'empty lines without end': "yes ''",
  'no UTF-8 without end': 'yes "$(printf \'\\377\\376\\355\\240\\200\\300\')"',
  'marks of our own without end': 'yes "$(printf \'\\001ran 1 0\')"',
};

describe.each(Object.entries(FLOODS))('a router that says %s', (_, flood) => {
  test.each(['inspect', 'protocols', 'look', 'forwarded', 'show'])(
    'instead of an answer to %s',
    async (verb) => {
      const remote = to(flood);
      const ran = await remote.run(command(verb));
      expect(ran.code).toBe(255);
      expect(ran.stderr).toMatch(TOO_MUCH);
      expect(Buffer.byteLength(ran.stdout)).toBeLessThanOrEqual(3 * LIMITS.of(verb).bytes);
      await remote.end();
      await waited('no ssh is left', () => clientsOf(sshd).length === 0);
    },
  );

  test('on its standard error', async () => {
    expect((await to(`{ ${flood}; } >&2`).run(command('show'))).stderr).toMatch(TOO_MUCH);
  });

  test('before the script begins', async () => {
    const loud = await startSshd(`command="${flood.replaceAll('"', '\\"')}"`);
    ends.push(() => endSshd(loud));
    agent.add(loud.key);
    ends.push(async () => agent.remove(loud.key));
    const remote = sshRemote(loud.target, { script: () => 'echo' });
    ends.push(remote.end);
    expect((await remote.run(command('inspect'))).stderr).toMatch(TOO_MUCH);
  });

  test('instead of an answer in a session, and between two', async () => {
    const asked = (await to(`echo held; read -r line; ${flood}`).start(command('hold'), 'held')) as Running;
    expect((await asked.run(command('settle'))).stderr).toMatch(TOO_MUCH);
    const unasked = (await to(`echo held; sleep 1; ${flood}`).start(command('hold'), 'held')) as Running;
    expect((await unasked.ended).stderr).toMatch(TOO_MUCH);
  });
});

test('an answer at the limit is read to its last byte', async () => {
  const { bytes } = LIMITS.of('show');
  const full = await show(to(`head -c ${bytes} /dev/zero | tr '\\0' x`), SETTINGS, 'bird.conf');
  expect(full.done?.length).toBe(bytes);
  const more = await show(to(`head -c ${bytes + 1} /dev/zero | tr '\\0' x`), SETTINGS, 'bird.conf');
  expect(more.failed?.message).toMatch(/more than any valid answer has/);
});

const SETTINGS = { configDir: '/etc/bird', mode: 'include' } as const;

test('a character whose bytes arrive one by one is one character', async () => {
  const slow = "printf '\\303'; sleep 0.3; printf '\\274\\n'";
  expect((await to(slow).run(command('show'))).stdout).toBe('ü\n');
});

test('four routers that answer 60 MB each to every verb cost next to no memory', async () => {
  const script = programIn(
    sshd.folder,
    'talks',
    `import { inspect, show } from './delivery/router.ts';
import { sshRemote } from './delivery/ssh/ssh.ts';
const flood = 'yes "all 1002-k3s_a BGP --- up 15:01:18.000" | head -c 60000000';
const remotes = [1, 2, 3, 4].map(() => sshRemote(${JSON.stringify(sshd.target)}, { script: () => flood }));
const before = process.resourceUsage().maxRSS;
const said = await Promise.all(remotes.map(async (remote) => [
  await show(remote, { configDir: '/', mode: 'include' }, 'bird.conf'),
  await inspect(remote, { configDir: '/', mode: 'include' }),
]));
await Promise.all(remotes.map((remote) => remote.end()));
console.log(JSON.stringify({ kib: process.resourceUsage().maxRSS - before, failed: said.flat().filter(({ failed }) => failed).length }));
`,
  );
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
  const said = await new Promise<string>((done) => {
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
    child.on('close', () => done(all));
  });
  const { kib, failed } = JSON.parse(said);
  expect(failed).toBe(8);
  expect(kib).toBeLessThan(500 * 1024);
});

describe('what was heard', () => {
  const most = { bytes: 20, lines: 3, line: 8 };
  const add = (...chunks: string[]) => {
    const one = heard(most);
    return chunks.map((chunk) => one.add(Buffer.from(chunk)));
  };

  test.each([
    [['12345678'], [true]],
    [['123456789'], [false]],
    [
      ['1234', '5678', '9'],
      [true, true, false],
    ],
    [
      ['1234567\n', '1234567\n', '1234'],
      [true, true, true],
    ],
    [
      ['1234567\n', '1234567\n', '12345'],
      [true, true, false],
    ],
    [['\n\n\n'], [true]],
    [['\n\n\n\n'], [false]],
  ])('%j', (chunks, are) => {
    expect(add(...chunks)).toEqual(are);
  });

  test('is found in one chunk or across several', () => {
    const one = heard(most);
    for (const [chunk, at] of [
      ['ab', -1],
      ['c', -1],
      ['de', 2],
      ['f', 2],
    ] as const) {
      one.add(Buffer.from(chunk));
      expect(one.find('cd')).toBe(at);
    }
    expect([one.text(), one.text(4), one.tail(2), one.length]).toEqual(['abcdef', 'ef', 'ef', 6]);
    one.cut(3);
    expect([one.text(), one.length]).toEqual(['abc', 3]);
    one.drop(2);
    expect([one.text(), one.length, one.find('c')]).toEqual(['c', 1, 0]);
  });
});
