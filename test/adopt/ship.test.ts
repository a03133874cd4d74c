import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { change } from '../../delivery/change-router.ts';
import type { Delivery } from '../../delivery/delivery.ts';
import { look, prepare } from '../../delivery/prepare-router.ts';
import { releaseOf } from '../../delivery/release.ts';
import { tree } from '../cli/run.ts';
import { local, startBird } from '../delivery/bird.ts';
import { NO_HURRY } from '../delivery/steps.ts';
import { scenario } from '../lab/labs.ts';
import { ALONE } from './alone.ts';
import { adoptNetwork, networkFolder } from './scenarios.ts';

/** The report's gateway, with handwritten files, gets its first delivery, rendered from the adopted topology. */
scenario('real BIRD', () => {
  test('the first delivery replaces files written by hand, and BIRD restarts no session', async () => {
    const bird = startBird((folder) => {
      const files = tree(join(networkFolder('report'), 'routers', 'gateway'));
      return { ...files, 'bird.conf': `log "${folder}/log" all;\n${files['bird.conf']}` };
    }, ALONE);
    try {
      const prefix = 'routers/gateway/';
      const rendered = [...adoptNetwork('report').files].filter(([path]) => path.startsWith(prefix));
      const delivery: Delivery = {
        router: 'gateway',
        remote: local(),
        settings: bird.settings,
        release: () => releaseOf(new Map(rendered.map(([path, text]) => [path.slice(prefix.length), text]))),
        sysctls: new Map(),
        owner: 'test',
        timeout: NO_HURRY,
        acceptDrift: true,
        report: () => {},
        stop: new AbortController().signal,
      };
      const before = bird.sessions();
      expect(before.length).toBe(4);
      await look(delivery);
      const prepared = await prepare(delivery);
      if (prepared.outcome !== 'ready') throw new Error(JSON.stringify(prepared));
      const shipped = await change(delivery, prepared.ready, () => ({ findings: [], wait: 0 }));
      expect(shipped).toEqual({ outcome: 'shipped', warnings: [] });
      expect(bird.sessions().sort()).toEqual([...before].sort());
      const log = readFileSync(join(bird.folder, 'log'), 'utf8');
      expect(log).toContain('Reconfigured');
      expect(log).not.toMatch(/(Restarting|Removing|Adding|Shutting down) protocol/);
      // BIRD would reject a second file with the same protocol.
      const peers = readdirSync(join(bird.config, 'k3s/ibgpeers'));
      expect(peers).toContain('kubemaster.conf');
      expect(existsSync(join(bird.config, 'k3s/ibgpeers/master.conf'))).toBe(false);
    } finally {
      bird.end();
    }
  });
});
