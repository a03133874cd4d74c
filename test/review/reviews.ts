import type { Review } from '../../review/document.ts';

/** A review in which nothing changes; a test overrides what it is about. */
export function review(change: Partial<Review> = {}): Review {
  return {
    version: 4,
    command: 'diff',
    ok: true,
    network: 'home',
    base: { name: 'main', commit: '1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d' },
    head: { name: 'pull/7', commit: '99887766554433221100ffeeddccbbaa99887766' },
    outcome: 'nothing',
    accepted: false,
    dangers: [],
    pairs: 6,
    sessions: { kept: 9, changed: [] },
    interruptions: [],
    moved: 0,
    traffic: [],
    failures: { fatal: [], worse: [], survived: [] },
    findings: { introduced: [], fixed: [], reopened: [] },
    order: {
      first: 'either',
      message: '',
      lost: { routersFirst: 0, clusterFirst: 0 },
      waiting: { routersFirst: 0, clusterFirst: 0 },
    },
    byHand: [],
    rehearsal: null,
    fabric: [],
    objects: [],
    files: [],
    picture: home(),
    whole: true,
    notes: [],
    ...change,
  };
}

type Picture = Review['picture'];

/** The field report's network. */
export function home(change: Partial<Picture> = {}): Picture {
  const line = (from: string, to: string): Picture['lines'][number] => ({
    from,
    to,
    sessions: 1,
    change: 'kept',
  });
  return {
    regions: [
      { name: 'WDS', change: 'same' },
      { name: 'Global', change: 'same' },
    ],
    boxes: [
      { id: 'gateway', kind: 'router', label: 'gateway', region: 'WDS', change: 'same' },
      { id: 'cn-ns', kind: 'router', label: 'cn-ns', region: null, change: 'same' },
      { id: 'global-ns', kind: 'router', label: 'global-ns', region: 'Global', change: 'same' },
      { id: 'kubemaster', kind: 'node', label: 'kubemaster', region: 'WDS', change: 'same' },
      { id: 'kubenode-wds-1', kind: 'node', label: 'kubenode-wds-1', region: 'WDS', change: 'same' },
      { id: 'kubenode-hkg04', kind: 'node', label: 'kubenode-hkg04', region: 'Global', change: 'same' },
    ],
    lines: [
      line('gateway', 'kubemaster'),
      line('gateway', 'kubenode-wds-1'),
      line('global-ns', 'kubenode-hkg04'),
      line('cn-ns', 'gateway'),
      line('cn-ns', 'global-ns'),
      line('gateway', 'global-ns'),
    ],
    ...change,
  };
}

const object = (kind: string, name: string, change: Partial<Review['objects'][number]> = {}) => ({
  id: { group: kind === 'Job' ? 'batch' : 'crd.projectcalico.org', kind, namespace: null, name },
  change: 'added' as const,
  before: null,
  fields: [],
  ...change,
});

const file = (path: string, hunks: string[], change: Partial<Review['files'][number]> = {}) => {
  const lines = hunks.join('\n').split('\n');
  return {
    path,
    change: 'changed' as const,
    added: lines.filter((line) => line.startsWith('+')).length,
    removed: lines.filter((line) => line.startsWith('-')).length,
    hunks,
    ...change,
  };
};

/** One more node in a region with one reflector. */
export const nodeComes = (): Review => {
  const base = home();
  return review({
    outcome: 'hitless',
    pairs: 6,
    sessions: {
      kept: 9,
      changed: [
        { id: 'gateway--kubenode-wds-2/ipv4', kind: 'reflector', change: 'new', reasons: [] },
        { id: 'kubemaster--kubenode-wds-2/ipv4', kind: 'mesh', change: 'new', reasons: [] },
      ],
    },
    order: {
      first: 'routers',
      message:
        'kubenode-wds-2 gets its label when its Job runs, and its session comes up as soon as gateway knows it',
      lost: { routersFirst: 0, clusterFirst: 0 },
      waiting: { routersFirst: 0, clusterFirst: 0 },
    },
    fabric: [
      { kind: 'node', name: 'kubenode-wds-2', change: 'added', details: [] },
      {
        kind: 'segment',
        name: 'wds-lan',
        change: 'changed',
        details: ['member kubenode-wds-2 192.168.100.253'],
      },
    ],
    objects: [
      object('Job', 'label-kubenode-wds-2-0123456789', {
        id: {
          group: 'batch',
          kind: 'Job',
          namespace: 'noencap-system',
          name: 'label-kubenode-wds-2-0123456789',
        },
      }),
      {
        ...object('ClusterRole', 'noencap-label-nodes'),
        change: 'changed',
        fields: [{ path: 'rules[].resourceNames[]', after: 'kubenode-wds-2' }],
      },
    ],
    files: [
      file(
        'routers/gateway/k3s/ibgpeers/kubenode-wds-2.conf',
        [
          "@@ -0,0 +1,3 @@\n+protocol bgp 'k3s_kubenode-wds-2_ipv4' from k3s_reflector {\n+  neighbor 192.168.100.253;\n+}",
        ],
        { change: 'added' },
      ),
      file(
        'nodes/kubenode-wds-2/config.yaml',
        ['@@ -0,0 +1,2 @@\n+node-ip: 192.168.100.253\n+flannel-backend: none'],
        {
          change: 'added',
        },
      ),
    ],
    picture: {
      ...base,
      boxes: [
        ...base.boxes,
        { id: 'kubenode-wds-2', kind: 'node', label: 'kubenode-wds-2', region: 'WDS', change: 'added' },
      ],
      lines: [...base.lines, { from: 'gateway', to: 'kubenode-wds-2', sessions: 1, change: 'new' }],
    },
  });
};

/** A different hold time, and what the lab measured for it. */
export const holdTime = (): Review => {
  const base = home();
  const ids = [
    'cn-ns--gateway/ipv4',
    'cn-ns--global-ns/ipv4',
    'gateway--kubemaster/ipv4',
    'gateway--kubenode-wds-1/ipv4',
  ];
  return review({
    ok: false,
    outcome: 'dangerous',
    sessions: {
      kept: 5,
      changed: ids.map((id) => ({
        id,
        kind: id.startsWith('cn-ns') ? 'backbone' : 'reflector',
        change: 'reset',
        reasons: id
          .replace('/ipv4', '')
          .split('--')
          .filter((speaker) => !speaker.startsWith('kube'))
          .map((speaker) => ({ speaker, message: 'hold time 15 -> 20' })),
      })),
    },
    interruptions: [
      { speaker: 'gateway', sessions: 3, lost: 4 },
      { speaker: 'cn-ns', sessions: 2, lost: 0 },
    ],
    traffic: [
      {
        from: 'kubemaster',
        to: 'kubenode-hkg04',
        family: 'ipv4',
        pairs: 2,
        change: 'longer',
        hops: [3, 4],
        mtu: [1420, 1420],
      },
    ],
    failures: {
      fatal: [{ kind: 'router', name: 'gateway', lost: [0, 4] }],
      worse: [{ kind: 'segment', name: 'wds-lan', lost: [2, 4] }],
      survived: [{ kind: 'segment', name: 'iepl', lost: [4, 0] }],
    },
    findings: {
      introduced: [
        {
          code: 'NE401',
          severity: 'warning',
          message: 'router gateway is a single point of failure',
          place: { file: 'topology.yaml', line: 44, column: 3, path: 'routers.gateway' },
        },
      ],
      fixed: [],
      reopened: [],
    },
    order: {
      first: 'either',
      message: 'every session has both its ends either way',
      lost: { routersFirst: 0, clusterFirst: 0 },
      waiting: { routersFirst: 0, clusterFirst: 0 },
    },
    rehearsal: {
      sent: 12_000,
      lost: 120,
      gap: 1230,
      worst: [{ from: 'kubemaster', to: 'kubenode-hkg04', sent: 2000, lost: 80, gap: 1230 }],
      reset: ids,
      failures: [],
    },
    fabric: [{ kind: 'network', name: 'home', change: 'changed', details: ['bgp.holdTime 15 -> 20'] }],
    objects: [
      {
        ...object('BGPPeer', 'route-reflector-wds-gateway'),
        change: 'changed',
        fields: [
          { path: 'spec.maxRestartTime', before: '120s', after: '180s' },
          { path: 'spec.sourceAddress', before: 'UseNodeIP' },
        ],
      },
      {
        ...object('ConfigMap', 'cni-config'),
        change: 'changed',
        fields: [
          {
            path: 'data.script',
            before: 'set -eu\nlog start\nrun 15\nlog end\n',
            after: 'set -eu\nlog start\nrun 20\nlog end\n',
          },
        ],
      },
      {
        ...object('Deployment', 'tigera-operator'),
        change: 'recreated',
        fields: [{ path: 'spec.selector', before: { a: 1 }, after: { b: [2] } }],
      },
      {
        ...object('Job', 'label-a-bbbbbbbbbb'),
        change: 'replaced',
        before: 'label-a-aaaaaaaaaa',
        fields: [{ path: 'spec.template.spec.containers[name=kubectl].args[3]', before: 'a', after: 'b' }],
      },
      { ...object('BGPFilter', 'old'), change: 'deleted' },
    ],
    files: ['cn-ns', 'gateway'].map((router) =>
      file(`routers/${router}/k3s/ibgp.conf`, [
        '@@ -4,7 +4,7 @@\n template bgp k3s_reflector {\n   local as K3S_AS;\n   rr client;\n-  hold time 15;\n+  hold time 20;\n   ipv4 {\n     table k3s4;',
        '@@ -24,3 +24,3 @@\n template bgp k3s_backbone {\n-  hold time 15;\n+  hold time 20;\n }',
      ]),
    ),
    picture: {
      ...base,
      lines: base.lines.map((line) => ({
        ...line,
        change: ids.includes(`${line.from}--${line.to}/ipv4`) ? 'reset' : 'kept',
      })),
    },
    notes: [
      'The files of nodes were not compared: dist/nodes is not in the base.',
      'Hold times below 20 s are not tried.',
    ],
  });
};

/** An irreversible change, as proposed or as accepted. */
export const dangerous = (accepted: boolean): Review =>
  review({
    ok: accepted,
    outcome: 'dangerous',
    accepted,
    dangers: [
      {
        code: 'pool-changed',
        severity: 'error',
        message:
          'pool 10.42.0.0/16 changes its block size from /26 to /27: Calico refuses this for a pool in use',
        fix: 'Migrate: add a second pool, restart the pods, then remove the first one.',
      },
      {
        code: 'pod-mtu',
        severity: 'warning',
        message:
          'the MTU of pods changes from 1370 to 1400: calico-node restarts on every node, and pods get it when they are restarted',
        fix: 'Raise the MTU of all segments first.',
      },
    ],
    traffic: [
      {
        from: 'kubemaster',
        to: 'kubenode-hkg04',
        family: 'ipv4',
        pairs: 2,
        change: 'lost',
        hops: [3, null],
        mtu: [1420, null],
      },
    ],
    order: {
      first: 'apart',
      message: 'neither is safe first',
      lost: { routersFirst: 2, clusterFirst: 4 },
      waiting: { routersFirst: 0, clusterFirst: 0 },
    },
    byHand: [
      {
        when: 'before the merge',
        action: 'drain it',
        machines: ['n1'],
        reason: 'its pods lose their network',
      },
      {
        when: 'after shipping',
        action: 'run install.sh',
        machines: ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'],
        reason: 'its own files change',
      },
    ],
    objects: [
      {
        ...object('Installation', 'default'),
        change: 'changed',
        fields: [
          { path: 'spec.calicoNetwork.ipPools[cidr=10.42.0.0/16].blockSize', before: 26, after: 27 },
          { path: 'spec.calicoNetwork.mtu', before: 1370, after: 1400 },
        ],
      },
    ],
  });

/** Any number of objects and files, each with a few changes. */
export function large(objects: number, files: number, fields = 3): Review {
  return review({
    outcome: 'hitless',
    sessions: {
      kept: 3,
      changed: Array.from({ length: objects }, (_, index) => ({
        id: `gateway--node-${index}/ipv4`,
        kind: 'reflector' as const,
        change: 'reloaded' as const,
        reasons: [{ speaker: 'gateway', message: 'another export filter' }],
      })),
    },
    objects: Array.from({ length: objects }, (_, index) => ({
      ...object('BGPPeer', `peer-${String(index).padStart(5, '0')}`),
      change: 'changed' as const,
      fields: Array.from({ length: fields }, (_one, field) => ({
        path: `spec.field${field}`,
        before: index,
        after: `a value of some length, number ${index}`,
      })),
    })),
    files: Array.from({ length: files }, (_, index) =>
      file(
        `routers/r${index}/k3s/ibgp.conf`,
        Array.from(
          { length: fields },
          (_one, hunk) =>
            `@@ -${hunk * 9 + 1},2 +${hunk * 9 + 1},2 @@\n-  hold time 15;\n+  hold time 20;\n }`,
        ),
      ),
    ),
  });
}
