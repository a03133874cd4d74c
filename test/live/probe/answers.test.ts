import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answersIn } from '../../../live/probe/answers.ts';
import { mustHave } from '../../installed.ts';

const log = (...parts: readonly string[]): string => ['@ 0 ipv4 10.42.0.1', ...parts, '@ end', ''].join('\n');

const FEW = [
  '= few',
  'PING 10.42.0.1 (10.42.0.1) 56(84) bytes of data.',
  '64 bytes from 10.42.0.1: icmp_seq=1 ttl=60 time=33.7 ms',
  '',
  '--- 10.42.0.1 ping statistics ---',
  '10 packets transmitted, 9 received, 10% packet loss, time 1811ms',
  'rtt min/avg/max/mdev = 33.546/33.632/33.718/0.086 ms',
];

const factsIn = (text: string) => {
  const told = answersIn(text);
  if (!told.ok) throw new Error(told.message);
  return told.value.get('0 ipv4');
};

test('what ping says, as facts', () => {
  const facts = factsIn(
    log(
      '= limit 1370',
      ...FEW,
      '= many',
      '50 packets transmitted, 50 received, 0% packet loss, time 9999ms',
      '= full',
      'From 100.64.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1300)',
      '3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 400ms',
      '= largest 1300',
    ),
  );
  expect(facts).toMatchObject({
    sent: 10,
    received: 9,
    roundTrip: { least: 33.546, mean: 33.632, most: 33.718 },
    again: { sent: 50, received: 50 },
    limit: 1370,
    largest: 1300,
    told: { by: '100.64.0.1', mtu: 1300, said: 'Frag needed and DF set (mtu = 1300)' },
    errors: [],
  });
});

test('IPv6 says it in other words', () => {
  const facts = factsIn(
    log(
      '= limit 1500',
      ...FEW,
      '= full',
      'From fd00::2 icmp_seq=1 Packet too big: mtu=1380',
      '= hop 1',
      'From fd00::2 icmp_seq=1 Time exceeded: Hop limit',
      '= hop 2',
      '72 bytes from fd00:3::2: icmp_seq=1 ttl=62 time=0.1 ms',
    ),
  );
  expect(facts).toMatchObject({
    limit: 1500,
    told: { by: 'fd00::2', mtu: 1380 },
    hops: [
      { life: 1, from: 'fd00::2', isAnswer: false },
      { life: 2, from: 'fd00:3::2', isAnswer: true },
    ],
  });
});

test('an error of a machine on the way, told once', () => {
  const error = (at: number) => `From 10.0.2.2 icmp_seq=${at} Destination Host Unreachable`;
  const facts = factsIn(log('= few', error(1), error(2), '10 packets transmitted, 0 received, +2 errors'));
  expect(facts?.errors).toEqual([{ from: '10.0.2.2', said: 'Destination Host Unreachable' }]);
  expect(facts).toMatchObject({ sent: 10, received: 0, roundTrip: undefined });
});

test.each([
  ['nothing', '', 'its log does not end as it should', []],
  [
    'an end that is missing',
    '@ 0 ipv4 10.42.0.1\n= few\nPING',
    'its log does not end as it should',
    ['PING'],
  ],
  [
    'another ping',
    '! not-iputils BusyBox v1.35.0',
    'the ping of the image is not that of iputils, which alone forbids fragmentation',
    ['BusyBox v1.35.0'],
  ],
  ['a shell that fails', 'sh: syntax error', 'its log does not end as it should', ['sh: syntax error']],
])('%s is no answer', (_, text, message, evidence) => {
  expect(answersIn(text)).toEqual({ ok: false, message, evidence });
});

test('what a pod makes up is no fact', () => {
  const facts = factsIn(
    log(
      '= few',
      'From evil;rm icmp_seq=1 \u001b[31mred',
      'From 999.1.1.1 icmp_seq=1 Destination Host Unreachable',
      '10 packets transmitted, 0 received',
      '= largest 99999999',
      '= hop 1',
      'From $(reboot) icmp_seq=1 Time to live exceeded',
    ),
  );
  expect(facts).toMatchObject({ errors: [], hops: [], largest: undefined });
});

test.each(['dash', 'busybox'])('the program runs in %s, and refuses the ping of busybox', (shell) => {
  mustHave('busybox', shell);
  const folder = mkdtempSync(join(tmpdir(), 'noencap-ping-'));
  mkdirSync(join(folder, 'tmp'));
  try {
    for (const applet of ['ping', 'cp', 'grep', 'head', 'sed'])
      symlinkSync('/usr/bin/busybox', join(folder, applet));
    const program = readFileSync('live/probe/program.sh', 'utf8').replaceAll('/tmp/', `${folder}/tmp/`);
    const args = [...(shell === 'busybox' ? ['sh'] : []), '-c', program, 'probe'];
    const { stdout } = spawnSync(shell, args, {
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env.PATH}` },
    });
    expect(answersIn(stdout)).toMatchObject({
      ok: false,
      message: expect.stringContaining('not that of iputils'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
