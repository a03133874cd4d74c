import { NodeLabels } from '../../charts/index.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, objectsOf, report, small } from './topologies.ts';
import type { KubernetesObject } from './upstream.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const jobs = (topology: TopologyInput, kind = 'Job'): KubernetesObject[] =>
  objectsOf(topology, NodeLabels).filter((object) => object.kind === kind);

const names = (topology: TopologyInput): string[] => jobs(topology).map(({ metadata }) => metadata.name);

/** The container of a Job or a CronJob. */
function container(object: KubernetesObject) {
  const { template } = object.kind === 'CronJob' ? object.spec.jobTemplate.spec : object.spec;
  expect(template.spec.containers).toHaveLength(1);
  return template.spec.containers[0];
}

const node = (address: string) => ({ region: 'lab', role: 'agent', address }) as const;

const withNodes = (...more: string[]): TopologyInput => ({
  ...small,
  nodes: {
    ...small.nodes,
    ...Object.fromEntries(more.map((name, index) => [name, node(`10.0.0.${20 + index}`)])),
  },
});

const cron = (topology: TopologyInput): TopologyInput => ({
  ...topology,
  labels: { ...topology.labels, reconcile: 'cron' },
});

describe("A label Job's name", () => {
  test('stays the same when nothing about it changes, whatever else does', () => {
    const other: TopologyInput = {
      ...withNodes('two'),
      bgp: { asNumber: 65001 },
      pods: { cidrs: ['10.44.0.0/16'], mtu: 1400 },
      calico: { version: 'v3.31.7' },
    };
    expect(names(other)).toContain(names(small)[0]);
    expect(names(small)).toEqual(names(structuredClone(small)));
  });

  const [name] = names(small);
  const changes: readonly [string, TopologyInput][] = [
    ['the label key', { ...small, regionLabel: 'example.com/region' }],
    ['a retired label', { ...small, labels: { retired: ['zone'] } }],
    ['the image', { ...small, labels: { image: 'mirror.example/kubectl:v1.34.5' } }],
    ['the version of Kubernetes', { ...small, k3s: { version: 'v1.34.6+k3s1' } }],
    [
      'the region',
      {
        ...small,
        regions: { ...small.regions, other: { router: 'rr' } },
        nodes: { one: { region: 'other', role: 'server', address: '10.0.0.11' } },
      },
    ],
  ];
  test.each(changes)('changes with %s', (_what, topology) => {
    const changed = names(topology);
    expect(changed).toHaveLength(1);
    expect(changed[0]).not.toBe(name);
    expect(changed[0]?.replace(/-[0-9a-f]{10}$/, '')).toBe(name?.replace(/-[0-9a-f]{10}$/, ''));
  });

  // A node may have 56 characters: with more, BIRD could not name its sessions.
  const long = 'n'.repeat(55);

  test('is a DNS label, so that its pods can carry it, for any name of a node', () => {
    const found = names(
      withNodes('a.b', `${long}1`, `${long}2`, 'n.n.n', `${'d'.repeat(28)}.${'e'.repeat(27)}`),
    );
    expect(new Set(found).size).toBe(6);
    for (const one of found) expect(one).toMatch(LABEL);
  });

  test('distinguishes nodes whose names start alike or differ in a dot', () => {
    const [one, two] = names(withNodes(`${long}1`, `${long}2`)).filter((found) =>
      found.startsWith('label-nn'),
    );
    expect(one).toBeDefined();
    expect(two).toBeDefined();
    expect(one).not.toBe(two);
    // No topology has both: BIRD could not distinguish them. A change from one to the other must still be a change.
    expect(names(withNodes('a.b'))[0]?.replace(/-[0-9a-f]{10}$/, '')).not.toBe(
      names(withNodes('a-b'))[0]?.replace(/-[0-9a-f]{10}$/, ''),
    );
  });
});

describe('What a label Job does', () => {
  test('sets the region on its own node and removes retired labels', () => {
    const args = jobs(dualStack).map((job) => container(job).args);
    const common = ['label', 'nodes', '--overwrite'];
    const retired = ['example.com/zone-', 'zone-'];
    expect(args).toEqual([
      [...common, '--field-selector=metadata.name=east-1', 'example.com/region=East', ...retired],
      [...common, '--field-selector=metadata.name=east-2.example.com', 'example.com/region=East', ...retired],
      [...common, '--field-selector=metadata.name=west-1', 'example.com/region=West', ...retired],
    ]);
  });

  test("runs the official image of the cluster's version by its entry point", () => {
    expect(jobs(report).map((job) => container(job).image)).toEqual(
      jobs(report).map(() => 'registry.k8s.io/kubectl:v1.34.5'),
    );
    for (const job of jobs(report)) expect(container(job).command).toBeUndefined();
    // K3s's candidates of its own are built from the Kubernetes release.
    const candidate = { ...small, k3s: { version: 'v1.34.5-rc1+k3s1' } };
    expect(container(jobs(candidate)[0] as KubernetesObject).image).toBe('registry.k8s.io/kubectl:v1.34.5');
  });

  test('runs the image that the topology names', () => {
    const image = `mirror.example:5000/kubectl:v1.34.5@sha256:${'a'.repeat(64)}`;
    const [job] = jobs({ ...small, labels: { image } });
    expect(container(job as KubernetesObject).image).toBe(image);
  });

  test.each([
    ['Job', dualStack],
    ['CronJob', dualStack],
  ])('needs no pod network and as few rights as a pod can have: %s', (kind, topology) => {
    for (const object of jobs(topology, kind)) {
      const { template } = kind === 'CronJob' ? object.spec.jobTemplate.spec : object.spec;
      expect(template.spec).toMatchObject({
        hostNetwork: true,
        serviceAccountName: 'node-labels',
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(template.spec.securityContext.runAsUser).toBeGreaterThan(0);
      // A server that is not Ready because it lacks a CNI, but not one that is gone: its pod would hang forever.
      const tolerated = template.spec.tolerations.map(({ key }: { key: string }) => key);
      expect(tolerated).toEqual(
        expect.arrayContaining(['node.kubernetes.io/not-ready', 'node-role.kubernetes.io/control-plane']),
      );
      expect(tolerated).not.toContain('node.kubernetes.io/unreachable');
      expect(tolerated).not.toContain(undefined);
      expect(JSON.stringify(template.spec.affinity)).toContain('node-role.kubernetes.io/control-plane');
      expect(container(object).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      // kubectl's cache is the only thing it writes.
      expect(container(object).volumeMounts).toEqual([{ name: 'tmp', mountPath: '/tmp' }]);
      expect(container(object).env).toEqual([{ name: 'HOME', value: '/tmp' }]);
    }
  });

  test('is not repeated by an engine that syncs twice: no Job cleans itself up', () => {
    for (const job of jobs(report)) expect(job.spec.ttlSecondsAfterFinished).toBeUndefined();
  });
});

describe('The rights of the label Jobs', () => {
  const rules = (topology: TopologyInput) =>
    objectsOf(topology, NodeLabels).find(({ kind }) => kind === 'ClusterRole')?.rules;

  test("are on the topology's own nodes, by name", () => {
    expect(rules(report)).toEqual([
      {
        apiGroups: [''],
        resources: ['nodes'],
        resourceNames: ['kubemaster', 'kubenode-hkg04', 'kubenode-wds-1'],
        verbs: ['get', 'list', 'patch'],
      },
    ]);
  });

  test('add the list that a label selector needs for CronJobs, and change no other node', () => {
    const [byName, list] = rules(cron(report));
    expect(byName.resourceNames).toHaveLength(3);
    expect(list).toEqual({ apiGroups: [''], resources: ['nodes'], verbs: ['list'] });
  });

  test('are none without nodes', () => {
    const kinds = objectsOf(cron({ ...small, nodes: {} }), NodeLabels).map(({ kind }) => kind);
    expect(kinds).toEqual(['Namespace', 'ServiceAccount']);
  });
});

describe('The CronJobs', () => {
  test('exist only if requested', () => {
    expect(jobs(report, 'CronJob')).toEqual([]);
  });

  test('set the labels of a region in one command, and of no other node', () => {
    const found = jobs(cron(report), 'CronJob');
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['labels-global-1', 'labels-wds-1']);
    expect(container(found[1] as KubernetesObject).args).toEqual([
      'label',
      'nodes',
      '--overwrite',
      '--selector=kubernetes.io/hostname in (kubemaster,kubenode-wds-1)',
      'region=WDS',
    ]);
  });

  test('run every ten minutes, never twice at once, and leave one Job of each kind', () => {
    for (const { spec } of jobs(dualStack, 'CronJob')) {
      expect(spec.schedule).toMatch(/^[0-9]-59\/10 \* \* \* \*$/);
      expect(spec).toMatchObject({
        concurrencyPolicy: 'Forbid',
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 1,
      });
    }
  });

  test('have names that leave room for the time that Kubernetes appends: 52 characters', () => {
    const long = 'R'.repeat(62);
    const regions = [`${long}1`, `${long}2`, 'a.b', 'a-b'];
    const topology: TopologyInput = {
      ...cron(small),
      regions: Object.fromEntries(regions.map((name) => [name, { router: 'rr' }])),
      nodes: Object.fromEntries(
        regions.map((region, index) => [
          `n${index}`,
          { region, role: index === 0 ? 'server' : 'agent', address: `10.0.0.${20 + index}` },
        ]),
      ),
    };
    const found = jobs(topology, 'CronJob').map(({ metadata }) => metadata.name);
    expect(new Set(found).size).toBe(4);
    for (const one of found) {
      expect(one).toMatch(LABEL);
      expect(one.length).toBeLessThanOrEqual(52);
    }
  });

  test('split a large region, so that no argument comes near the limit of 128 KiB', () => {
    const many = Array.from({ length: 1200 }, (_, index) => `n${index}`.padEnd(56, 'x'));
    const topology: TopologyInput = {
      ...cron(small),
      nodes: {
        ...small.nodes,
        ...Object.fromEntries(
          many.map((name, index) => [name, node(`10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`)]),
        ),
      },
    };
    const selectors = jobs(topology, 'CronJob').map((object) => container(object).args[3] as string);
    expect(selectors.map((selector) => selector.split(',').length)).toEqual([500, 500, 201]);
    for (const selector of selectors) expect(Buffer.byteLength(selector)).toBeLessThan(128 * 1024);
  });
});
