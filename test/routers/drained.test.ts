import { drainedFiles, routerFiles } from '../../routers/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { birdSays, filesOf, hostConfig } from './bird.ts';
import { NETWORKS } from './networks.ts';

const MARK = { since: '2026-11-30T09:15:00Z', by: 'thomas@desk' };

const routers = Object.entries(NETWORKS).flatMap(([network, topology]) => {
  const fabric = fabricOf(topology);
  return fabric.routers
    .filter(({ planned }) => !planned)
    .map((router) => ({ network, name: router.name, mode: router.bird.mode, fabric, router }));
});

describe.each(routers)('$name of $network ($mode), drained', ({ fabric, router, name, mode }) => {
  const drained = drainedFiles(fabric, router, MARK);
  const usual = filesOf(fabric, name);

  test('BIRD accepts it', () => {
    const files = new Map(drained);
    if (mode === 'include') files.set('bird.conf', hostConfig(fabric, name));
    expect(birdSays(files)).toBe('');
  });

  test('only what leads traffic away is added', () => {
    expect([...drained.keys()].filter((path) => !usual.has(path))).toEqual(['k3s/drained']);
    expect(drained.get('k3s/drained')).toBe('2026-11-30T09:15:00Z thomas@desk\n');
    const undone = [...drained]
      .filter(([path]) => usual.has(path))
      .map(([path, text]): [string, string] => [
        path,
        text
          .replace(/^ *(bgp_local_pref = 0|bgp_community\.add\(\(65535, 0\)\)|stub router yes);\n/gm, '')
          .replace(/if is_insider_as\(\) then \{\n +accept;\n +\}/g, 'if is_insider_as() then accept;'),
      ]);
    expect(new Map(undone)).toEqual(usual);
  });

  test('every export to a peer is the last choice, and OSPF avoids it where it is ours', () => {
    const text = [...drained].map(([, one]) => one).join('');
    const exports = [...text.matchAll(/export filter \{\n(?:(?! *\};)[\s\S]*?)\n *\};/g)]
      .map(([all]) => all)
      .filter((one) => one.includes('is_insider_as'));
    expect(exports.length).toBeGreaterThan(0);
    for (const one of exports)
      expect(one).toMatch(/bgp_local_pref = 0;\n *bgp_community\.add\(\(65535, 0\)\);/);
    const instances = text.match(/protocol ospf/g)?.length ?? 0;
    expect(text.match(/stub router yes;/g)?.length ?? 0).toBe(mode === 'standalone' ? instances : 0);
  });
});

test('what is in git knows nothing of it', () => {
  for (const { fabric } of routers)
    expect([...routerFiles(fabric).values()].join('')).not.toMatch(/65535|stub router|drained/);
});
