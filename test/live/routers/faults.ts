import type { Verdict } from '../../../verify/index.ts';
import { bootFleet, type Fleet } from '../../delivery/fleet/fleet.ts';
import type { OtherBird } from '../../delivery/fleet/router.ts';
import type { RouterName } from '../../delivery/fleet/topology.ts';
import { scenario } from '../../lab/labs.ts';
import { waited } from '../../waited.ts';

jest.setTimeout(900_000);

/** Real BIRD, real sshd: what verify says of faults that somebody made. `birds` are of other releases than the machine's own. */
export const faultsOnRouters = (
  name: string,
  birds: Readonly<Partial<Record<RouterName, OtherBird>>>,
): void =>
  scenario(`verify, on routers with ${name}`, () => {
    let fleet: Fleet;
    beforeAll(async () => {
      fleet = await bootFleet(birds);
    });
    afterAll(async () => fleet?.end());

    interface Told {
      readonly code: number | null;
      readonly verdicts: readonly Verdict[];
    }

    async function verify(...args: readonly string[]): Promise<Told> {
      const { code, said } = await fleet.ran(['verify', '--no-cluster', '--json', ...args]);
      return { code, verdicts: JSON.parse(said).verdicts };
    }

    /** Looks until a verdict is there that `is` wanted: BIRD notices some faults only after the hold time. */
    async function verdict(is: (one: Verdict) => boolean, ...args: readonly string[]): Promise<Verdict> {
      let found: Verdict | undefined;
      await waited('a verdict', async () => {
        found = (await verify(...args)).verdicts.find(is);
        return found !== undefined;
      });
      return found as Verdict;
    }

    /** That a session is down, with its cause; at one end, if that is named. */
    const down =
      (session: string, machine?: string) =>
      ({ kind, about, cause }: Verdict): boolean =>
        kind === 'session-down' &&
        about.name === session &&
        (machine === undefined || about.machine === machine) &&
        cause !== undefined;

    const whole = () => waited('all as promised', async () => (await verify()).code === 0);

    test('each router runs the BIRD that is meant', async () => {
      const runs = async (router: RouterName) =>
        /BIRD (\S+) ready/.exec(await fleet.routers[router].birdc('show status'))?.[1];
      for (const [router, version] of Object.entries(birds))
        expect(await runs(router as RouterName)).toMatch(`${version}.`);
    });

    test('all is as promised where nothing is wrong', async () => {
      const { code, verdicts } = await verify();
      expect(verdicts.filter(({ is }) => is !== 'as-promised')).toEqual([]);
      expect(code).toBe(0);
      const count = (kind: string) => verdicts.filter((one) => one.kind === kind).length;
      // Each of six sessions between routers has two ends that are looked at, each of eight with nodes one.
      expect({ sessions: count('session'), files: count('files') }).toEqual({ sessions: 20, files: 4 });
      // Four blocks, on four routers.
      expect(count('route')).toBe(16);
    });

    test('a protocol that somebody disabled: each end says it, and how to enable it', async () => {
      await fleet.routers.w1.birdc('disable k3s_backbone_e1_v4');
      const of = (machine: string) => (one: Verdict) =>
        one.kind === 'session-down' && one.about.machine === machine && one.about.name === 'e1--w1/ipv4';
      const here = await verdict(of('w1'));
      expect(here.cause?.message).toBe('somebody disabled the protocol');
      expect(here.next).toBe('ssh 10.0.0.3 birdc enable k3s_backbone_e1_v4');
      const there = await verdict(of('e1'));
      expect(there.cause?.message).toBe('somebody disabled the protocol at w1');
      expect(there.next).toBe(here.next);
      expect((await verify()).code).toBe(1);
      await fleet.routers.w1.birdc('enable k3s_backbone_e1_v4');
      await whole();
    });

    test('another AS number, by a hand that edited the file', async () => {
      await fleet.routers.e2.run(
        "sed -i 's/^define K3S_AS_0 = .*/define K3S_AS_0 = 64999;/' /etc/bird/bird.conf && birdc -s /run/bird/bird.ctl configure",
      );
      const one = await verdict(down('e1--e2/ipv4', 'e1'));
      expect(one.cause?.message).toMatch(/another AS number/);
      expect((await verify('--router', 'e2')).verdicts).toContainEqual(
        expect.objectContaining({ kind: 'not-delivered', is: 'different', next: 'bin/noencap ship e2' }),
      );
      await fleet.routers.e2.run(
        "sed -i 's/^define K3S_AS_0 = .*/define K3S_AS_0 = 64512;/' /etc/bird/bird.conf && birdc -s /run/bird/bird.ctl configure",
      );
      await whole();
    });

    test('a password at one end only is silence', async () => {
      const file = '/etc/bird/k3s/ibgpeers/backbone-w1.conf';
      await fleet.routers.e1.run(
        `cp ${file} /run/bird/kept && sed -i 's/^\\( *\\)neighbor /\\1password "wrong"; neighbor /' ${file} && birdc -s /run/bird/bird.ctl configure`,
      );
      const one = await verdict(down('e1--w1/ipv4', 'e1'));
      expect(one.cause?.message).toMatch(/nothing comes from 10.0.0.3/);
      await fleet.routers.e1.run(`cat /run/bird/kept >${file} && birdc -s /run/bird/bird.ctl configure`);
      await whole();
    });

    test('a node whose BIRD has died: its routes stay, since it may be restarting', async () => {
      const node = 'nsenter --net=/run/netns/e-a';
      const { stdout } = await fleet.lab.holder.run(
        `for pid in $(ip netns pids e-a); do [ "$(cat /proc/$pid/comm)" != bird ] || { tr '\\0' ' ' </proc/$pid/cmdline; echo; kill -9 $pid; }; done`,
      );
      const started = stdout.split('\n').filter((line) => line.includes('/bird.conf'));
      expect(started).toHaveLength(1);
      const one = await verdict(down('e-a--e1/ipv4'), '--router', 'e1');
      expect(one.cause?.message).toBe('e-a restarts its BGP, or has died: packets still go there');
      expect(one.cause?.evidence.at(-1)).toMatch(/^its routes stay for \d+ s more/);
      expect(one.next).toBe('kubectl -n calico-system get pods -o wide --field-selector spec.nodeName=e-a');
      await fleet.lab.holder.run(`rm -f /run/lab/e-a/bird.ctl; ${node} ${started[0]}`);
      await whole();
    });

    test('a firewall that drops BGP', async () => {
      const { e2 } = fleet.routers;
      await e2.run(
        'nft add table inet drops && nft "add chain inet drops in { type filter hook input priority 0; }" && nft add rule inet drops in tcp dport 179 drop && nft add rule inet drops in tcp sport 179 drop',
      );
      const one = await verdict(down('e1--e2/ipv4', 'e1'));
      expect(one.cause?.message).toMatch(
        /^nothing comes from 10\.0\.0\.2: the machine is down, or a firewall drops BGP$/,
      );
      expect(one.next).toBe('ssh 10.0.0.1 ping -c 3 10.0.0.2');
      await e2.run('nft delete table inet drops');
      await whole();
    });

    test('a route to a peer that is gone', async () => {
      await fleet.routers.e1.run('ip route add unreachable 192.168.1.11/32');
      await fleet.routers.e1.birdc('restart k3s_e_a_v4');
      const one = await verdict(down('e-a--e1/ipv4'), '--router', 'e1');
      expect(one.found).toBe('Active, Socket: No route to host');
      expect(one.next).toBe('ssh 10.0.0.1 ip route get 192.168.1.11');
      await fleet.routers.e1.run('ip route del unreachable 192.168.1.11/32');
      await whole();
    });

    test('routes that are not as they should be, in the kernel and in BIRD', async () => {
      const { e1 } = fleet.routers;
      const routes = (await verify('--router', 'e1')).verdicts.filter(({ kind }) => kind === 'route');
      const [one, other] = routes
        .filter(({ found }) => found?.includes('(e-a)') || found?.includes('(e-b)'))
        .map(({ about }) => about.name);
      await e1.run(`ip route add ${other} via 172.16.0.3; ip route add 10.42.200.0/26 via 172.16.0.3`);
      await e1.run(
        'echo 1 >/proc/sys/net/ipv4/conf/$(ip -o route get 172.16.0.3 | sed "s/.* dev \\([^ ]*\\).*/\\1/")/rp_filter',
      );
      const kinds = async () => {
        // BIRD scans the kernel's routes every minute, and puts back what it finds missing.
        await e1.run(`ip route del ${one} || :`);
        const { verdicts } = await verify('--router', 'e1');
        return verdicts.filter(({ is }) => is === 'different').map(({ kind }) => kind);
      };
      const all = ['kernel-next-hop', 'kernel-route-missing', 'kernel-route-unexpected', 'rp-filter'];
      await waited('all four', async () => (await kinds()).sort().join() === all.join());
      await e1.run(
        `ip route del 10.42.200.0/26; ip route del ${other} via 172.16.0.3; for one in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$one; done`,
      );
      await e1.birdc('restart kernel_ipv4');
      await whole();
    });

    test('an import filter that drops what a node announces', async () => {
      const file = '/etc/bird/k3s/ibgp.conf';
      await fleet.routers.e1.run(
        `cp ${file} /run/bird/kept && sed -i 's/10\\.42\\.0\\.0/10.99.0.0/g' ${file} && birdc -s /run/bird/bird.ctl configure`,
      );
      await fleet.routers.e1.birdc('restart k3s_e_a_v4');
      const one = await verdict(({ kind }) => kind === 'routes-not-accepted', '--router', 'e1');
      expect(one.cause?.message).toMatch(/the import filter of k3s_e_[ab]_v4 drops what comes/);
      await fleet.routers.e1.run(`cat /run/bird/kept >${file} && birdc -s /run/bird/bird.ctl configure`);
      await whole();
    });

    test('a clock that is three days ahead', async () => {
      fleet.routers.w2.setClock('+3d');
      const one = await verdict(({ kind }) => kind === 'clock-skew', '--router', 'w2');
      expect(one).toMatchObject({
        about: { name: 'w2' },
        found: expect.stringMatching(/^259[12]\d\d s ahead$/),
      });
      fleet.routers.w2.setClock('+0');
      await whole();
    });

    test('reverse path filtering', async () => {
      await fleet.routers.e1.run('echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter');
      const one = await verdict(({ kind }) => kind === 'sysctl-different', '--router', 'e1');
      expect(one).toMatchObject({
        about: { name: 'net.ipv4.conf.all.rp_filter', machine: 'e1' },
        found: '1',
      });
      await fleet.routers.e1.run('echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter');
      await whole();
    });

    test('a router that cannot be reached, and one whose BIRD is dead: the rest is told', async () => {
      await fleet.routers.w2.killSshd();
      await fleet.routers.e2.killBird();
      const { code, verdicts } = await verify();
      expect(code).toBe(1);
      for (const name of ['w2', 'e2']) {
        const own = verdicts.filter(({ about }) => (about.machine ?? about.name) === name);
        expect(new Set(own.map(({ is }) => is))).toEqual(new Set(['unknown']));
      }
      expect(
        verdicts.find(({ about, kind }) => about.name === 'w2' && kind === 'router')?.cause?.message,
      ).toMatch(/nothing listens at 10.0.0.4/);
      expect(
        verdicts.find(({ about, kind }) => about.name === 'e2' && kind === 'router')?.cause?.message,
      ).toMatch(/BIRD does not answer/);
      const one = await verdict(down('e1--e2/ipv4', 'e1'));
      expect(one.cause?.message).toMatch(
        /^e2 restarts its BGP, or has died|nothing listens for BGP at 10.0.0.2|closes it/,
      );
      expect((await verify('--router', 'w2')).code).toBe(3);
      await fleet.routers.w2.startSshd();
      await fleet.routers.e2.startBird();
      expect((await fleet.ran(['verify', '--no-cluster', '--wait', '200', '-q'])).code).toBe(0);
    });
  });
