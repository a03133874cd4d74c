import { join } from 'node:path';
import { usualWaves } from '../../delivery/rollout.ts';
import { findPrograms, type Rehearsal, rehearse } from '../../lab/index.ts';
import { routerFiles } from '../../routers/index.ts';
import { tree } from '../cli/run.ts';
import { scenario } from '../lab/labs.ts';
import { adoptNetwork, networkFolder } from './scenarios.ts';

/**
 * The links, which the report does not describe. The backbone addresses are interface addresses, since its sessions name
 * no source address.
 */
const UNDERLAY = `
underlay:
  segments:
    wds-lan: {cidr: 192.168.100.0/24, mtu: 1500, members: {gateway: 192.168.100.1, kubemaster: 192.168.100.251, kubenode-wds-1: 192.168.100.252}}
    zt-domestic: {cidr: 100.64.0.0/24, mtu: 1420, members: {gateway: 100.64.0.2, cn-ns: 100.64.0.1}}
    iepl: {cidr: 100.64.2.0/30, mtu: 1420, members: {cn-ns: 100.64.2.1, global-ns: 100.64.2.2}}
    overlay: {cidr: "fd18:3e15:61d0:cafe::/64", mtu: 1420, members: {gateway: "fd18:3e15:61d0:cafe:f002::1", cn-ns: "fd18:3e15:61d0:cafe:f001::1", global-ns: "fd18:3e15:61d0:cafe:f003::1"}}
    zt-global: {cidr: 100.64.1.0/24, mtu: 1420, members: {global-ns: 100.64.1.106, kubenode-hkg04: 100.64.1.7}}
`;

scenario('the report moves over', () => {
  test('no session resets and no packet is lost when the routers get the rendered files', async () => {
    const { sessions, pairs, failures } = await moved(UNDERLAY);
    expect(sessions.filter(({ change }) => change !== 'kept')).toEqual([]);
    expect(pairs.filter(({ lost }) => lost > 0)).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('without the second channel, the sessions with it on both ends are recreated', async () => {
    const without = ['gateway', 'cn-ns', 'global-ns'].map(
      (name) => `  ${name}: {bird: {adopted: {bothChannels: false}}}`,
    );
    const { sessions } = await moved(`${UNDERLAY}routers:\n${without.join('\n')}\n`);
    expect(sessions.filter(({ change }) => change === 'reset').map(({ id }) => id)).toEqual([
      'cn-ns--gateway/ipv6',
      'cn-ns--global-ns/ipv6',
      'gateway--global-ns/ipv6',
    ]);
  });
});

/** Boots the network with its routers' files, then gives them the files rendered from the adopted topology. */
async function moved(known: string): Promise<Rehearsal> {
  const { fabric } = adoptNetwork('report', known);
  const programs = findPrograms('.');
  if ('message' in programs) throw new Error(`${programs.message}. ${programs.fix}`);
  const result = await rehearse({
    base: { ...fabric, name: 'today' },
    fabric,
    first: 'routers',
    waves: usualWaves,
    routerFiles: (asked) => (asked.name === 'today' ? todays(routerFiles(asked)) : routerFiles(asked)),
    programs,
  });
  if ('message' in result) throw new Error(`${result.message}. ${result.fix}`);
  return result;
}

/**
 * The sessions that the routers run today. A lab's routers have only rendered files, so bird.conf is rendered, too; and BIRD's
 * timers are shortened wherever a template is printed as noencap prints it.
 */
function todays(rendered: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const others = [...rendered].filter(([path]) => !/^routers\/[^/]+\/k3s\//.test(path));
  const own = ['gateway', 'cn-ns', 'global-ns'].flatMap((router) =>
    Object.entries(tree(join(networkFolder('report'), 'routers', router)))
      .filter(([path]) => path.startsWith('k3s/'))
      .map(([path, text]): [string, string] => [
        `routers/${router}/${path}`,
        text.replace(/^(template bgp \w+)\{/gm, '$1 {'),
      ]),
  );
  return new Map([...others, ...own]);
}
