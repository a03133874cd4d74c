import { scenario } from '../../lab/labs.ts';
import { waited } from '../../waited.ts';
import { onOperator } from './desk.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import { LOGIN } from './router.ts';
import { ROUTERS } from './topology.ts';
import { startTraffic, unreached } from './traffic.ts';

scenario('the fleet for testing deliveries', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await bootFleet();
  });
  afterAll(async () => fleet?.end());

  const ssh = (host: string, command: string) =>
    onOperator(
      fleet.lab,
      fleet.desk.main.folder,
      [
        ...[
          'ssh',
          '-F',
          'none',
          '-o',
          'BatchMode=yes',
          '-o',
          'StrictHostKeyChecking=yes',
          '-o',
          'ConnectTimeout=3',
        ],
        ...['-o', 'UserKnownHostsFile=known_hosts', '-l', LOGIN, host, command],
      ],
      fleet.desk.env,
    ).ended;

  test('every router is reached over the network that they form, and runs what its files say', async () => {
    for (const [index, name] of ROUTERS.entries()) {
      const { code, said } = await ssh(`10.0.0.${index + 1}`, 'cat /etc/bird/bird.conf');
      expect({ name, code }).toEqual({ name, code: 0 });
      expect(said).toBe(fleet.desk.main.rendered(name).get('bird.conf'));
    }
    const agree = { runs: [0], files: [0], atRestart: 'ok', pending: false, state: '', left: [] };
    expect(await fleet.seen()).toEqual({ e1: agree, e2: agree, w1: agree, w2: agree });
  });

  test('lost packets are counted, and recovery is noticed', async () => {
    const quiet = await startTraffic(fleet.lab, 'quiet');
    await quiet.answered(10);
    expect((await quiet.end()).filter(({ lost, flows }) => lost > 0 || !flows)).toEqual([]);

    const cut = await startTraffic(fleet.lab, 'cut');
    const lan = fleet.lab.plan.segments.find(({ name }) => name === 'east-lan');
    const port = lan?.ports.find(({ host }) => host === 'e-a')?.port;
    await fleet.lab.holder.run(`ip link set ${port} nomaster`);
    await waited('no answers of e-a', async () => (await unreached(fleet.lab)).length === 6);
    await waited('packets that have none', () => cut.flows().filter(({ lost }) => lost > 2).length === 6);
    await fleet.lab.holder.run(`ip link set ${port} master ${lan?.bridge}`);
    await waited('all answers again', async () => (await unreached(fleet.lab)).length === 0);
    const flows = await cut.end();
    const isCut = ({ from, to }: { from: string; to: string }) => [from, to].includes('e-a');
    expect(flows.filter(({ lost }) => lost > 0).every(isCut)).toBe(true);
    expect(flows.filter(isCut).every(({ lost, gap }) => lost > 2 && gap > 200)).toBe(true);
    expect(flows.filter((one) => !one.flows)).toEqual([]);
  });

  test('each fault works: disk, file system, sshd, host key, BIRD', async () => {
    const { w2 } = fleet.routers;
    await w2.fillDisk();
    await expect(w2.run('cp /etc/hosts /etc/bird/x')).rejects.toThrow('No space left');
    await w2.freeDisk();
    await w2.remount('ro');
    await expect(w2.run('touch /etc/bird/x')).rejects.toThrow('Read-only');
    await w2.remount('rw');
    await w2.run('touch /etc/bird/x && rm /etc/bird/x');

    await w2.killSshd();
    expect((await ssh('10.0.0.4', ':')).code).toBe(255);
    w2.showKey('other');
    await w2.startSshd();
    expect((await ssh('10.0.0.4', ':')).said).toContain('Host key verification failed');
    await w2.killSshd();
    w2.showKey('pinned');
    await w2.startSshd();

    w2.setClock('+3d');
    const days = Date.parse((await ssh('10.0.0.4', 'date -u +%FT%TZ')).said.trim()) - Date.now();
    expect(Math.round(days / 86_400_000)).toBe(3);
    w2.setClock('+0');

    await w2.killBird();
    await expect(w2.birdc('show status')).rejects.toThrow();
    await w2.startBird();
    expect((await w2.seen()).runs).toEqual([0]);
  });
});
