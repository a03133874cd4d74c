import { writeFileSync } from 'node:fs';
import { recoveryLeft } from '../../bird/answers/status.ts';
import { cutOff } from '../../lab/fail.ts';
import { askBird, hostFolder, type Lab, type Ride } from '../../lab/index.ts';
import type { LabHost } from '../../lab/model.ts';
import { startPings } from '../../lab/rides.ts';
import { birdCommand } from '../../lab/wiring.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { waited } from '../waited.ts';
import { booted, redundant, scenario } from './labs.ts';

jest.setTimeout(900_000);

const DROP_IN = 'systemd/bird.service.d/noencap.conf';
const MARK = '/run/noencap-bird-restart';

/** `w1` is the only reflector of its region, and has another node, which a test switches off. */
function lonely(bgp: TopologyInput['bgp'] = {}): TopologyInput {
  const topology = redundant();
  const segments = topology.underlay?.segments ?? {};
  const lan = segments['west-lan'] as { members: Record<string, string> };
  return {
    ...topology,
    bgp: { ...topology.bgp, ...bgp },
    nodes: { ...topology.nodes, 'w-b': { region: 'west', role: 'agent', address: '192.168.2.12' } },
    underlay: {
      segments: {
        ...segments,
        'west-lan': { ...lan, members: { ...lan.members, 'w-b': '192.168.2.12' } } as never,
      },
    },
  };
}

const hostOf = ({ plan }: Lab, name: string): LabHost =>
  plan.hosts.find((one) => one.name === name) as LabHost;
const at = (router: string, end: string): string => `${hostFolder(router)}/bird.${end}`;
const askW1 = async (lab: Lab, command: string): Promise<string> =>
  (await askBird(lab.holder.path(at('w1', 'ctl')), command))?.text ?? '';

/** A command of the drop-in as systemd would run it: quotes, `$$` and the unit's name are systemd's. */
function commandOf(lab: Lab, key: string): string {
  const text = hostOf(lab, 'w1').files.get(DROP_IN) ?? '';
  const [, line = ''] = new RegExp(`^${key}=-(.*)$`, 'm').exec(text) ?? [];
  const [, quoted] = /^\/bin\/sh -c '(.*)'$/.exec(line) ?? [];
  return (quoted ?? line).replaceAll('$$', '$').replaceAll('%n', 'bird.service');
}

/** What systemd does with BIRD's unit and the drop-in, at a restart, or at a stop and a later start. */
async function bySystemd(lab: Lab, job: 'restart' | 'stop'): Promise<{ args: string; kernel: string }> {
  const stands = '/run/stands';
  const script = `set -u
mkdir -p ${stands}
printf '#!/bin/sh\\necho "4711 bird.service ${job} running"\\n' >${stands}/systemctl
printf '#!/bin/sh\\nexec /usr/sbin/birdc -s ${at('w1', 'ctl')} "$@"\\n' >${stands}/birdc
chmod +x ${stands}/*
MAINPID=$(cat ${at('w1', 'pid')}); export MAINPID
cat >${stands}/stop <<'END'
${commandOf(lab, 'ExecStop')}
END
BIRD_ARGS= PATH=${stands}:$PATH sh ${stands}/stop
kill -TERM $MAINPID 2>/dev/null
while [ -e /proc/$MAINPID/exe ]; do sleep 0.05; done
ip -n w1 route show proto bird | sed 's/^/kernel /'
BIRD_ARGS=
[ ! -e ${MARK} ] || BIRD_ARGS=$(sed -n 's/^BIRD_ARGS= *//p' ${MARK})
echo "args $BIRD_ARGS"
rm -f ${at('w1', 'ctl')}
${birdCommand('w1', hostOf(lab, 'w1').daemons[0] as LabHost['daemons'][number], lab.programs).replace(' -c ', ' $BIRD_ARGS -c ')}
${commandOf(lab, 'ExecStartPost')}
[ ! -e ${MARK} ] || echo "args left behind"`;
  const { stdout } = await lab.holder.run(script);
  const all = (key: string) =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith(`${key} `))
      .map((line) => line.slice(key.length + 1).trim())
      .join('\n');
  return { args: all('args'), kernel: all('kernel') };
}

const isBack = async (lab: Lab): Promise<boolean> => {
  const status = await askW1(lab, 'show status');
  return status.includes('up and running') && recoveryLeft(status) === undefined;
};

const lossy = (pairs: readonly Ride[], off: string): string[] =>
  pairs
    .filter(({ from, to, lost }) => lost > 0 && ![from, to].includes(off))
    .map(({ from, to, lost, sent, gap }) => `${from} to ${to}: ${lost} of ${sent}, ${gap} ms`);

/** BIRD has routes from all that are there, and they are in the kernel. */
const isWhole = async (lab: Lab): Promise<boolean> => {
  const { stdout } = await lab.holder.run('ip -n w1 route show proto bird');
  return ['10.42.0.0/26', '10.42.0.64/26', '10.42.0.128/26'].every((prefix) => stdout.includes(prefix));
};

scenario("BIRD restarts on a region's only reflector", () => {
  test('with the drop-in no packet is lost, though a node is switched off: BIRD waits for it no longer than peers do', async () => {
    const lab = await booted(lonely());
    try {
      await cutOff(lab, ['w-b']);
      await waited(
        'w1 misses w-b',
        async () => /k3s_w_b_v4 .*(Active|Connect|Idle)/.test(await askW1(lab, 'show protocols')),
        40,
      );
      const pings = await startPings(lab, lab);
      const { args, kernel } = await bySystemd(lab, 'restart');
      expect(args).toBe('-R');
      // BIRD has left its routes in the kernel.
      expect(kernel).toContain('10.42.0.0/26');
      await waited('the recovery ends', () => isBack(lab), 90).catch(async (e) => {
        console.log(await askW1(lab, 'show status'), await askW1(lab, 'show protocols'));
        throw e;
      });
      await waited('it has all routes', () => isWhole(lab));
      expect(lossy(await pings.end(), 'w-b')).toEqual([]);
    } finally {
      await lab.holder.end();
    }
  });

  test('a stop is no restart: the kernel keeps no route, and nothing is recovered afterwards', async () => {
    const lab = await booted(lonely());
    try {
      const pings = await startPings(lab, lab);
      expect(await bySystemd(lab, 'stop')).toEqual({ args: '', kernel: '' });
      await waited('it has all routes', () => isWhole(lab));
      // What a restart costs without the drop-in.
      expect(lossy(await pings.end(), '')).not.toEqual([]);
    } finally {
      await lab.holder.end();
    }
  });

  test('without bgp.gracefulRestart there is no drop-in', async () => {
    const lab = await booted(lonely({ gracefulRestart: 'aware' }));
    try {
      const { files } = hostOf(lab, 'w1');
      expect([...files.keys()]).not.toContain(DROP_IN);
      expect(files.get('bird.conf')).not.toMatch(/graceful restart/);
    } finally {
      await lab.holder.end();
    }
  });

  test('a running BIRD takes the lines without a restart of anything', async () => {
    const lab = await booted(lonely(), (plan) => ({
      ...plan,
      hosts: plan.hosts.map((host) => ({
        ...host,
        files: new Map(
          [...host.files].map(([path, text]): [string, string] => [
            path,
            host.kind === 'router' && path === 'bird.conf'
              ? text.replace(/^ *graceful restart .*;\n/gm, '')
              : text,
          ]),
        ),
      })),
    }));
    try {
      const file = at('w1', 'conf');
      const { files } = hostOf(lab, 'w1');
      const before = files.get('bird.conf') ?? '';
      expect(before).not.toMatch(/graceful restart/);
      const after = before
        .replace(/^(router id .*;)$/m, '$1\ngraceful restart wait 60;')
        .replace(/^( *merge paths on;)$/gm, '$1\n  graceful restart on;')
        .replace(/^(protocol ospf .*\{)$/gm, '$1\n  graceful restart on;');
      const protocols = await askW1(lab, 'show protocols');
      const pings = await startPings(lab, lab);
      writeFileSync(lab.holder.path(file), after);
      expect(await askW1(lab, 'configure')).toContain('Reconfigured');
      expect(await askW1(lab, 'show protocols')).toBe(protocols);
      expect(lossy(await pings.end(), '')).toEqual([]);
    } finally {
      await lab.holder.end();
    }
  });
});
