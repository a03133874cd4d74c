import { createHash } from 'node:crypto';
import type { TopologyInput } from '../../topology/index.ts';
import { dualStack, engineFiles, ipv6Only, report, withCalico } from '../charts/topologies.ts';

type Engine = NonNullable<TopologyInput['gitops']['engine']>;

const withGitops = (topology: TopologyInput, gitops: Partial<TopologyInput['gitops']>): TopologyInput => ({
  ...topology,
  gitops: { ...topology.gitops, ...gitops },
});

export const withEngine = (topology: TopologyInput, engine: Engine): TopologyInput =>
  withGitops(topology, { engine });

/** The topologies that engines may meet. The vendored operator of v3.26.1 needs upstream's manifest, and is separate. */
export const TOPOLOGIES = {
  'the report, Argo CD': withEngine(report, 'argocd'),
  'the report, Flux': withEngine(report, 'flux'),
  'the report, both engines': withEngine(report, 'both'),
  'Calico v3.31.7': withEngine(withCalico(report, { version: 'v3.31.7' }), 'both'),
  'Calico v3.30.7': withEngine(withCalico(report, { version: 'v3.30.7' }), 'both'),
  'IPv6 only with the v3 API': withEngine(withCalico(ipv6Only, { api: 'projectcalico.org/v3' }), 'both'),
  'dual stack with passwords, filters and CronJobs': withEngine(dualStack, 'both'),
  'passwords with the v3 API': withEngine(withCalico(dualStack, { api: 'projectcalico.org/v3' }), 'both'),
  'a private repository over SSH, at a tag': withGitops(report, {
    engine: 'both',
    repoURL: 'git@git.example:net/fabric.git',
    targetRevision: 'v1.2.0',
  }),
  'no nodes yet': withEngine({ ...dualStack, nodes: {} }, 'both'),
} as const satisfies Record<string, TopologyInput>;

/** The report's network on Calico v3.26.1, whose operator comes from upstream's manifest with its CRDs. */
export const vendored = (manifest: string): TopologyInput =>
  withEngine(
    withCalico(report, {
      version: 'v3.26.1',
      operatorManifest: {
        path: 'vendor/tigera-operator.yaml',
        sha256: createHash('sha256').update(manifest).digest('hex'),
      },
    }),
    'both',
  );

/** dist/gitops of a topology. */
export const gitopsOf = (topology: TopologyInput): ReadonlyMap<string, string> =>
  new Map([...engineFiles(topology)].filter(([path]) => path.startsWith('gitops/')));
