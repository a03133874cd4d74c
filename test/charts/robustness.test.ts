import { App } from 'cdk8s';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { Bgp, Installation, manifestFiles, NodeLabels, Operator } from '../../charts/index.ts';
import { fabricOf } from '../fabric-of.ts';
import { NODES, REGION } from './names.ts';
import { small } from './topologies.ts';

/**
 * YAML does not read `no`, `1e3`, `0x10` and `2024-01-01` as text, and a name may look like any of them.
 * Whatever the names in a topology, the text must read back as the objects it was made from.
 */
test('names at their limits read back from YAML as they were', () => {
  fc.assert(
    fc.property(REGION, NODES, (region, nodes) => {
      const fabric = fabricOf({
        ...small,
        labels: { reconcile: 'cron' },
        regions: { [region]: { router: 'rr' } },
        nodes: Object.fromEntries(
          nodes.map((name, index) => [
            name,
            { region, role: index === 0 ? 'server' : 'agent', address: `10.0.0.${10 + index}` },
          ]),
        ),
      });
      const app = new App();
      for (const chart of [Operator, Installation, NodeLabels, Bgp]) new chart(app, fabric);
      const objects = app.charts.flatMap((chart) => chart.apiObjects.map((object) => object.toJson()));
      const texts = [...manifestFiles(app)].filter(([file]) => !file.endsWith('/kustomization.yaml'));
      const plain = JSON.parse(JSON.stringify(objects));
      // kubectl and the engines read YAML 1.1, other tools 1.2.
      for (const version of ['1.1', '1.2'] as const) {
        expect(
          texts.flatMap(([, text]) => parseAllDocuments(text, { version }).map((one) => one.toJS())),
        ).toEqual(plain);
      }

      const peer = objects.find(({ kind }) => kind === 'BGPPeer');
      expect(peer.spec.nodeSelector).toBe(`region == '${region}'`);
      const args = objects
        .filter(({ kind }) => kind === 'Job')
        .flatMap((job) => job.spec.template.spec.containers[0].args);
      for (const name of nodes) expect(args).toContain(`--field-selector=metadata.name=${name}`);
      expect(args).toContain(`region=${region}`);
    }),
    { numRuns: 60 },
  );
});
