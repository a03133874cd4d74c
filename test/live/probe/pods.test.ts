import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { analyse, podPaths, targetOf } from '../../../analysis/index.ts';
import type { Lab } from '../../../lab/index.ts';
import { type ProbePatience, probePods, type ToProbe } from '../../../live/probe/index.ts';
import type { Family } from '../../../topology/address.ts';
import { packetVerdicts, type Verdict } from '../../../verify/index.ts';
import { documentIn, scratch } from '../../cli/run.ts';
import { reportText } from '../../fixture/report.ts';
import { mustHave } from '../../installed.ts';
import { booted, report, scenario } from '../../lab/labs.ts';
import { NETWORKS } from '../../routers/networks.ts';
import { waited } from '../../waited.ts';
import { type ApiServer, startApiServer } from '../cluster/api-server.ts';
import { node } from '../cluster/report-cluster.ts';
import { type Kubelets, kubelets, NEWER_PING } from './kubelet.ts';

const QUICK: ProbePatience = { look: 50, start: 60_000, gone: 10_000 };

/** What `verify --ping` does with the pods of a lab. */
async function told(
  lab: Lab,
  known: readonly Verdict[] = [],
  change: Partial<ToProbe> = {},
): Promise<Verdict[]> {
  const { fabric } = lab;
  const look = await probePods({
    context: undefined,
    image: 'registry.example/ping:1',
    nodes: fabric.nodes.map(({ name, region, address }) => ({
      name,
      region,
      addresses: {
        ...(address.ipv4 === undefined ? {} : { ipv4: address.ipv4.text }),
        ...(address.ipv6 === undefined ? {} : { ipv6: address.ipv6.text }),
      },
    })),
    perRegion: 2,
    families: fabric.pods.families,
    stop: new AbortController().signal,
    patience: QUICK,
    say: () => {},
    ...change,
  });
  const analysis = analyse(
    fabric,
    fabric.nodes.map(({ name }) => name),
  );
  const ways = (from: string, to: string, family: Family) => {
    const source = analysis.network.machines.find(({ name }) => name === from);
    const target = targetOf(fabric, to);
    if (source === undefined || target?.kind !== 'pods') return [];
    return podPaths(analysis, source, target)
      .filter(({ prefix }) => prefix.includes(':') === (family === 'ipv6'))
      .flatMap((path) => path.ways.map(({ hops }) => hops));
  };
  return packetVerdicts(fabric, look, { ways, verdicts: known });
}

const clusterOf = ({ fabric }: Lab) =>
  new Map([
    [
      '/api/v1/nodes',
      fabric.nodes.map(({ name, region, address }) => node(name, region, address.ipv4?.text ?? '')),
    ],
  ]);

const differences = (verdicts: readonly Verdict[]) => verdicts.filter(({ is }) => is !== 'as-promised');

/** `kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: why (next)`. */
const lines = (verdicts: readonly Verdict[]): string[] =>
  differences(verdicts).map(
    ({ about, kind, found, cause, next }) =>
      `${about.machine ?? about.kind} ${about.name}: ${kind}, ${found}: ${cause?.message} (${next})`,
  );

/** A machine on a segment: its interface, and the port of the bridge. */
function port(lab: Lab, segment: string, host: string) {
  const ports = lab.plan.segments.find(({ name }) => name === segment)?.ports ?? [];
  const found = ports.find((one) => one.host === host);
  if (found === undefined) throw new Error(`${host} is not on ${segment}`);
  return found;
}

async function must(lab: Lab, ...commands: readonly string[]): Promise<void> {
  const { code, stderr } = await lab.holder.run(['set -e', ...commands].join('\n'));
  if (code !== 0) throw new Error(stderr);
}

const masquerade = (node: string) => `nsenter --net=/run/netns/${node} nft -f - <<'END'
table ip calico {
  chain out {
    type nat hook postrouting priority srcnat;
    ip saddr 10.42.0.0/16 ip daddr != 10.42.0.0/16 masquerade
  }
}
END`;

/** Real packets of the real program, across real faults. */
scenario('packets between pods of the report', () => {
  let lab: Lab;
  let server: ApiServer;
  let cluster: Kubelets;
  beforeAll(async () => {
    mustHave('nft', 'ping', 'setpriv', 'wireguard-go', 'wg');
    lab = await booted(report());
    // Calico's natOutgoing, which a lab leaves out: what leaves the pods' network has the address of the node.
    await must(lab, ...lab.fabric.nodes.map(({ name }) => masquerade(name)));
    server = await startApiServer(clusterOf(lab));
    cluster = kubelets(server, lab);
  });
  afterAll(async () => {
    await server?.close();
    await lab?.holder.end();
  });
  // A network that another test has left broken shows nothing.
  afterEach(() => waited('all is well again', async () => differences(await told(lab)).length === 0));

  const between = async (
    fault: readonly string[],
    mend: readonly string[],
    known?: readonly Verdict[],
    change?: Partial<ToProbe>,
  ) => {
    await must(lab, ...fault);
    const found = await told(lab, known, change);
    await must(lab, ...mend);
    return lines(found);
  };

  test('all is as promised where nothing is wrong, and nothing is left', async () => {
    const verdicts = await told(lab);
    expect(lines(verdicts)).toEqual([]);
    const count = (kind: string) => verdicts.filter((one) => one.kind === kind).length;
    expect([count('packets'), count('packet-size'), count('pod-mtu')]).toEqual([6, 6, 3]);
    expect(cluster.namespaces()).toEqual([]);
    expect(cluster.pods('noencap-probe')).toEqual([]);
  });

  const PINGS = [
    ['this machine', 'registry.example/ping:1'],
    ['Debian 13', NEWER_PING],
  ] as const;

  test.each(PINGS)('a link that is narrower, as its routers say to the ping of %s', async (_, image) => {
    const mtu = (bytes: number) =>
      ['cn-ns', 'global-ns'].map(
        (host) => `ip -n ${host} link set ${port(lab, 'iepl', host).interface} mtu ${bytes}`,
      );
    const there = 'at most 1300: iepl carries, from cn-ns to global-ns, 1300 bytes (ssh cn-ns ip link)';
    const back = 'at most 1300: iepl carries, from global-ns to cn-ns, 1300 bytes (ssh global-ns ip link)';
    expect(await between(mtu(1300), mtu(1420), [], { image })).toEqual([
      `kubemaster to kubenode-hkg04/ipv4: packets-too-large, ${there}`,
      `kubenode-wds-1 to kubenode-hkg04/ipv4: packets-too-large, ${there}`,
      `kubenode-hkg04 to kubemaster/ipv4: packets-too-large, ${back}`,
      `kubenode-hkg04 to kubenode-wds-1/ipv4: packets-too-large, ${back}`,
    ]);
  });

  test.each(PINGS)(
    'a link that swallows larger packets: hop by hop shows where, with the ping of %s',
    async (_, image) => {
      // What bridges do with a frame that does not fit.
      const mtu = (bytes: number) =>
        ['cn-ns', 'global-ns'].map((host) => `ip link set ${port(lab, 'iepl', host).port} mtu ${bytes}`);
      await must(lab, ...mtu(1300));
      const found = differences(await told(lab, [], { image }));
      await must(lab, ...mtu(1420));
      expect(found.map(({ kind, found }) => [kind, found])).toEqual(
        Array(4).fill(['packets-too-large', 'at most 1300']),
      );
      expect(found[0]?.cause).toEqual({
        message:
          'iepl carries, from cn-ns to global-ns, 1300 bytes, and drops what is larger without an ICMP error, so that no sender learns of it',
        evidence: [
          'from kubemaster, 1301 bytes: 1 kubemaster, 2 gateway, 3 cn-ns',
          'the topology has 1420 for iepl',
        ],
      });
    },
  );

  test('pods of another MTU than the topology has', async () => {
    const mtu = (bytes: number) =>
      lab.plan.pods.map(({ netns }) => `ip -n ${netns} link set eth0 mtu ${bytes}`);
    const found = await between(mtu(1300), mtu(1370));
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^node kubemaster: pod-mtu-wrong, 1300: /);
  });

  test('a router drops packets of pods without a word', async () => {
    const at = port(lab, 'iepl', 'global-ns').interface;
    const found = await between(
      [`ip -n global-ns rule add from 10.42.0.0/16 iif ${at} pref 1 blackhole`],
      ['ip -n global-ns rule del pref 1'],
    );
    const next = '(ssh cn-ns ip route get 10.42.253.129)';
    expect(found[0]).toBe(
      `kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: they are lost between cn-ns and global-ns, on iepl; packets to nodes pass there ${next}`,
    );
    expect(found[2]).toBe(
      `kubenode-hkg04 to kubemaster/ipv4: packets-lost, none of 10: they reach kubemaster; the answers are lost between cn-ns and global-ns, on iepl ${next}`,
    );
    expect(found).toHaveLength(4);
  });

  test('a cloud network drops sources of another region: nodes pass, and pods do not', async () => {
    const at = port(lab, 'zt-global', 'kubenode-hkg04').interface;
    const found = await between(
      [`ip -n kubenode-hkg04 rule add from 10.42.141.0/26 to 10.42.0.0/16 iif ${at} pref 1 blackhole`],
      ['ip -n kubenode-hkg04 rule del pref 1'],
    );
    expect(found).toEqual([
      'kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: they are lost between global-ns and kubenode-hkg04, on zt-global; packets to nodes pass there (ssh global-ns ip route get 10.42.253.129)',
      'kubenode-hkg04 to kubemaster/ipv4: packets-lost, none of 10: they reach kubemaster; the answers are lost between global-ns and kubenode-hkg04, on zt-global (ssh global-ns ip route get 10.42.253.129)',
    ]);
  });

  test('a firewall that says so', async () => {
    const at = port(lab, 'iepl', 'global-ns').interface;
    const [first] = await between(
      [`ip -n global-ns rule add from 10.42.0.0/16 iif ${at} pref 1 prohibit`],
      ['ip -n global-ns rule del pref 1'],
    );
    expect(first).toBe(
      'kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: a firewall or a route of global-ns refuses them (ssh global-ns ip route get 10.42.253.129)',
    );
  });

  test('nothing leaves a node', async () => {
    const found = await between(
      ['ip -n kubemaster rule add from 10.42.0.0/16 to 10.42.253.0/24 pref 1 blackhole'],
      ['ip -n kubemaster rule del pref 1'],
    );
    const next = '(kubectl -n calico-system get pods -o wide --field-selector spec.nodeName=kubemaster)';
    expect(found).toEqual([
      `kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: not even kubemaster says that it has them: a policy or a firewall there, or ICMP errors are dropped ${next}`,
      `kubenode-hkg04 to kubemaster/ipv4: packets-lost, none of 10: they reach kubemaster, and no answer leaves it: a policy or a firewall there ${next}`,
    ]);
  });

  test('a routing loop', async () => {
    const via = (dev: string, address: string) =>
      `10.42.253.128/26 via ${address} dev ${dev} onlink metric 1`;
    const [first] = await between(
      [`ip -n global-ns route add ${via(port(lab, 'iepl', 'global-ns').interface, '100.64.2.1')}`],
      ['ip -n global-ns route del 10.42.253.128/26 metric 1'],
    );
    expect(first).toMatch(
      /^kubemaster to kubenode-hkg04\/ipv4: packets-lost, none of 10: they go round between (cn-ns and global-ns|global-ns and cn-ns): a routing loop \(ssh (cn|global)-ns ip route get 10.42.253.129\)$/,
    );
  });

  test('where a router says nothing, the fault may be beyond it', async () => {
    const mtu = (bytes: number) =>
      ['cn-ns', 'global-ns'].map((host) => `ip link set ${port(lab, 'iepl', host).port} mtu ${bytes}`);
    const silence = `nsenter --net=/run/netns/global-ns nft -f - <<'END'
table ip silence {
  chain out {
    type filter hook output priority 0
    icmp type time-exceeded drop
  }
}
END`;
    const [first] = await between(
      [...mtu(1300), silence],
      [...mtu(1420), 'nsenter --net=/run/netns/global-ns nft delete table ip silence'],
    );
    expect(first).toBe(
      'kubemaster to kubenode-hkg04/ipv4: packets-too-large, at most 1300: a link after cn-ns carries 1300 bytes, and drops what is larger without an ICMP error, so that no sender learns of it (ssh cn-ns ip link)',
    );
  });

  describe('reverse path filtering', () => {
    const at = () => port(lab, 'iepl', 'global-ns').interface;
    // Strict, and the way back to one block is another.
    const fault = () => [
      `nsenter --net=/run/netns/global-ns sh -c 'echo 1 >/proc/sys/net/ipv4/conf/${at()}/rp_filter'`,
      `ip -n global-ns route add 10.42.141.0/26 via 10.2.5.7 dev ${port(lab, 'zt-global', 'global-ns').interface} onlink metric 1`,
    ];
    const mend = () => [
      `nsenter --net=/run/netns/global-ns sh -c 'echo 0 >/proc/sys/net/ipv4/conf/${at()}/rp_filter'`,
      'ip -n global-ns route del 10.42.141.0/26 metric 1',
    ];

    test('where nobody knows the setting, only the place is told', async () => {
      const [first] = await between(fault(), mend());
      expect(first).toMatch(
        /^kubemaster to kubenode-hkg04\/ipv4: packets-lost, none of 10: they are lost between cn-ns and global-ns, on iepl; packets to nodes pass there /,
      );
    });

    test('where the router was seen to have it, the cause', async () => {
      const strict: Verdict = {
        about: { kind: 'sysctl', name: `net.ipv4.conf.${at()}.rp_filter`, machine: 'global-ns' },
        is: 'different',
        kind: 'rp-filter',
        expected: '0',
        found: '1',
        cause: {
          message: 'packets are dropped (RFC 3704)',
          evidence: [`net.ipv4.conf.${at()}.rp_filter = 1`],
        },
        next: `ssh global-ns sudo sysctl -w net.ipv4.conf.${at()}.rp_filter=0`,
      };
      const [first] = await between(fault(), mend(), [strict]);
      expect(first).toBe(
        `kubemaster to kubenode-hkg04/ipv4: packets-lost, none of 10: global-ns may drop them for their source (rp_filter): packets are dropped (RFC 3704) (${strict.next})`,
      );
    });
  });

  describe('AllowedIPs of WireGuard', () => {
    /** A tunnel between cn-ns and global-ns, over which pods' packets go; `allowed` is what cn-ns lets the other have, and back. */
    const tunnel = (there: string, back: string) => [
      'mkdir -p /run/wireguard; umask 077; for each in a b; do wg genkey >/run/$each.key; wg pubkey </run/$each.key >/run/$each.pub; done',
      '(nsenter --net=/run/netns/cn-ns env LOG_LEVEL=error wireguard-go -f wg-a >/dev/null 2>&1 &)',
      '(nsenter --net=/run/netns/global-ns env LOG_LEVEL=error wireguard-go -f wg-b >/dev/null 2>&1 &)',
      'for each in a b; do until [ -S /run/wireguard/wg-$each.sock ]; do sleep 0.1; done; done',
      `wg set wg-a listen-port 51820 private-key /run/a.key peer "$(cat /run/b.pub)" endpoint 100.64.2.2:51820 persistent-keepalive 1 allowed-ips "${there}"`,
      `wg set wg-b listen-port 51820 private-key /run/b.key peer "$(cat /run/a.pub)" endpoint 100.64.2.1:51820 persistent-keepalive 1 allowed-ips "${back}"`,
      'ip -n cn-ns link set wg-a mtu 1380 up; ip -n global-ns link set wg-b mtu 1380 up',
      "for each in a b; do until wg show wg-$each latest-handshakes | grep -vq '\t0$'; do sleep 0.1; done; done",
      'ip -n cn-ns route add 10.42.253.128/26 dev wg-a metric 1',
      'ip -n global-ns route add 10.42.141.0/26 dev wg-b metric 1',
      'ip -n global-ns route add 10.42.64.64/26 dev wg-b metric 1',
    ];
    const mend = ['ip -n cn-ns link del wg-a', 'ip -n global-ns link del wg-b'];

    test('with the pods in them, all is well', async () => {
      expect(await between(tunnel('10.42.0.0/16', '10.42.0.0/16'), mend)).toEqual([]);
    });

    test.each([
      ['in the one', '192.168.0.0/16', '10.42.0.0/16'],
      ['in the other', '10.42.0.0/16', '192.168.0.0/16'],
      ['in both', '192.168.0.0/16', '192.168.0.0/16'],
    ])('without the pods %s, the link is told, and that nodes pass', async (_, there, back) => {
      const found = await between(tunnel(there, back), mend);
      expect(found).toHaveLength(4);
      expect(found[0]).toMatch(
        /^kubemaster to kubenode-hkg04\/ipv4: packets-lost, none of 10: they (are lost between|reach kubenode-hkg04; the answers are lost between) (cn-ns and global-ns|global-ns and cn-ns), on iepl; packets to nodes pass there /,
      );
    });
  });

  test('AllowedIPs that were seen to be too narrow are the cause', async () => {
    const known: Verdict = {
      about: { kind: 'interface', name: 'wg-a', machine: 'cn-ns' },
      is: 'different',
      kind: 'allowed-ips',
      expected: 'AllowedIPs with 10.42.253.128/26',
      found: '192.168.0.0/16',
      cause: { message: 'WireGuard drops them', evidence: ['allowed ips of wg-a: 192.168.0.0/16'] },
      next: 'ssh cn-ns sudo wg show wg-a allowed-ips',
    };
    const at = port(lab, 'iepl', 'global-ns').interface;
    const found = await between(
      [`ip -n global-ns rule add from 10.42.0.0/16 iif ${at} pref 1 blackhole`],
      ['ip -n global-ns rule del pref 1'],
      [known],
    );
    const cause = `AllowedIPs of WireGuard on cn-ns do not have them: WireGuard drops them (${known.next})`;
    expect(found.map((one) => one.split('none of 10: ')[1])).toEqual(Array(4).fill(cause));
  });

  describe('the command', () => {
    let folder: string;
    beforeEach(() => {
      folder = scratch();
      writeFileSync(join(folder, 'topology.yaml'), reportText());
      writeFileSync(join(folder, 'known_hosts'), '');
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const started = (...args: readonly string[]) =>
      spawn(process.execPath, [resolve('bin/noencap'), 'verify', '--ping', '--image', 'own:1', ...args], {
        cwd: folder,
        env: process.env,
      });

    async function ended(child: ReturnType<typeof started>) {
      let stdout = '';
      child.stdout.on('data', (text) => {
        stdout += text;
      });
      const code = await new Promise<number | null>((done) => child.on('close', done));
      return { code, stdout };
    }

    test('shows what arrives, below the rest', async () => {
      const { code, stdout } = await ended(started('--node', 'kubenode-hkg04'));
      expect(code).not.toBe(0);
      const [, packets = ''] = stdout.split('packets between pods\n');
      expect(packets).toContain('MTU of pods on 1 node, packets of 2 pairs, full-size packets of 2 pairs\n');
      expect(packets).toMatch(
        / {4}kubenode-hkg04 to kubemaster\/ipv4: [\d.]+ ms, at most [\d.]+ ms, 1370 bytes\n/,
      );
      const { stdout: json } = await ended(started('--node', 'kubenode-hkg04', '--json'));
      const found = documentIn(json).verdicts.filter(({ kind }: Verdict) => kind.startsWith('packet'));
      expect(found).toHaveLength(4);
    });

    test('Ctrl-C ends it, and removes the pods', async () => {
      const child = started();
      const end = ended(child);
      await waited('a pod', () => cluster.pods('noencap-probe').length > 0, 60);
      child.kill('SIGINT');
      expect(await end).toMatchObject({ stdout: expect.stringContaining('it was interrupted') });
      expect(cluster.namespaces()).toEqual([]);
    });

    test('what a killed run leaves, the next one removes', async () => {
      const child = started();
      const end = ended(child);
      await waited('a pod', () => cluster.pods('noencap-probe').length > 0, 60);
      child.kill('SIGKILL');
      await end;
      expect(cluster.namespaces()).toEqual(['noencap-probe']);
      expect(lines(await told(lab))).toEqual([]);
      expect(cluster.namespaces()).toEqual([]);
    });
  });
});

scenario('packets of both families', () => {
  let lab: Lab;
  let server: ApiServer;
  beforeAll(async () => {
    lab = await booted(NETWORKS['redundant-dual-stack'] as NonNullable<(typeof NETWORKS)[string]>);
    server = await startApiServer(clusterOf(lab));
    kubelets(server, lab);
  });
  afterAll(async () => {
    await server?.close();
    await lab?.holder.end();
  });

  const sixOnly = ['e-a to w-a/ipv6', 'e-b to w-a/ipv6', 'w-a to e-a/ipv6', 'w-a to e-b/ipv6'];
  const subjects = (found: readonly string[]) => found.map((one) => one.split(':')[0]);

  test('IPv6 that is dropped, and IPv4 stays fine', async () => {
    expect(lines(await told(lab))).toEqual([]);
    const at = port(lab, 'core', 'w1').interface;
    await must(lab, `ip -n w1 -6 rule add iif ${at} from fd42::/48 pref 1 blackhole`);
    const found = lines(await told(lab));
    await must(lab, 'ip -n w1 -6 rule del pref 1');
    expect(subjects(found)).toEqual(sixOnly);
    expect(found[0]).toMatch(/they are lost between e[12] and w1, on core/);
    expect(found[2]).toMatch(/they reach e-a; the answers are lost between e[12] and w1, on core/);
  });

  test('a narrower link is told in both families', async () => {
    const core = (mtu: number) =>
      ['e1', 'e2', 'w1'].map(
        (host) => `ip -n ${host} link set ${port(lab, 'core', host).interface} mtu ${mtu}`,
      );
    await must(lab, ...core(1320));
    const found = lines(await told(lab));
    await must(lab, ...core(1420));
    expect(subjects(found)).toEqual(sixOnly.flatMap((one) => [one.replace('ipv6', 'ipv4'), one]));
    for (const one of found)
      expect(one).toMatch(/packets-too-large, at most 1320: core carries, from (e[12] to w1|w1), 1320 bytes/);
  });
});
