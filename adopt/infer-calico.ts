import { CARRIED } from '../calico/releases.ts';
import { type Cluster, type RunningNode, text } from './cluster.ts';
import { type ClusterObject, type Fields, fieldAt, isFields, textOf } from './cluster-objects.ts';
import { type Fact, fact, guess, type Note, within } from './facts.ts';

export interface OperatorManifest {
  /** Relative to the topology's folder. */
  readonly path: string;
  readonly sha256: string;
}

/** What the Installation says about Calico itself, and the images of what it started. */
export function calicoFacts(
  running: Cluster,
  nodes: readonly RunningNode[],
  installation: ClusterObject | undefined,
  operatorManifest: OperatorManifest | undefined,
): { facts: Fact[]; notes: Note[] } {
  if (installation === undefined) {
    const message =
      'none was given: either the operator did not install this Calico, or kubectl did not get installations.operator.tigera.io';
    return { facts: calicoVersion(running, nodes, undefined), notes: [{ what: 'Installation', message }] };
  }
  const spec = (...path: string[]) => fieldAt(installation.value, ['spec', ...path]);
  const from = 'Installation default';
  const at = (...path: string[]) => within(installation, 'spec', ...path);
  const version = calicoVersion(running, nodes, installation);
  const registry = text(spec('registry'))?.replace(/\/$/, '');
  const secrets = spec('imagePullSecrets');
  const isCarried = CARRIED.includes(textOf(version[0]?.value));
  const detection = detectionFact(installation);
  const api = apiOf(running);
  return {
    notes: detection.notes,
    facts: [
      ...version,
      ...(registry === undefined || registry === '' || registry === 'UseDefault'
        ? []
        : [fact(['calico', 'registry'], registry, from, at('registry'))]),
      ...api,
      ...detection.facts,
      ...(spec('calicoNetwork', 'containerIPForwarding') === 'Enabled'
        ? []
        : [
            fact(
              ['calico', 'containerIPForwarding'],
              false,
              'not enabled in Installation; true restarts calico-node, one node at a time',
              at('calicoNetwork'),
            ),
          ]),
      ...(Array.isArray(secrets) && secrets.length > 0
        ? [
            fact(
              ['calico', 'imagePullSecrets'],
              secrets.map((one) => fieldAt(one, ['name'])),
              from,
              at('imagePullSecrets'),
            ),
          ]
        : []),
      ...(isCarried || operatorManifest === undefined
        ? []
        : [
            fact(
              ['calico', 'operatorManifest'],
              operatorManifest,
              'the manifest that you named; noencap does not carry that version',
            ),
          ]),
    ],
  };
}

/** The version that the operator reports; otherwise that of calico-node's image. */
function calicoVersion(
  running: Cluster,
  nodes: readonly RunningNode[],
  installation: ClusterObject | undefined,
): Fact[] {
  const path = ['calico', 'version'];
  const status = text(fieldAt(installation?.value, ['status', 'calicoVersion']));
  if (installation !== undefined && status !== undefined) {
    return [
      fact(
        path,
        status,
        'Installation default: status.calicoVersion',
        within(installation, 'status', 'calicoVersion'),
      ),
    ];
  }
  const daemons = running.of('DaemonSet').find(({ name }) => name === 'calico-node');
  const containers = fieldAt(daemons?.value, ['spec', 'template', 'spec', 'containers']);
  const image = Array.isArray(containers) ? containers.map((one) => text(fieldAt(one, ['image']))) : [];
  const tag = image.flatMap((one) => nodeImageTag(one) ?? [])[0];
  if (tag !== undefined) return [fact(path, tag, 'DaemonSet calico-node: its image')];
  const onNodes = new Set(
    nodes.flatMap(({ object }) => {
      const images = fieldAt(object.value, ['status', 'images']);
      const names = Array.isArray(images) ? images.flatMap((one) => fieldAt(one, ['names'])) : [];
      return names.flatMap((name) => nodeImageTag(text(name)) ?? []);
    }),
  );
  const [only] = onNodes;
  return onNodes.size === 1 ? [guess(path, only, 'the image of calico-node on the nodes')] : [];
}

const nodeImageTag = (image: string | undefined): string | undefined =>
  /(?:^|\/)(?:calico\/|calico-)?node:(v\d+\.\d+\.\d+)(?:@|$)/.exec(image ?? '')?.[1];

/** The group of Calico's own objects; from v3.32 it may be the public one. */
function apiOf(running: Cluster): Fact[] {
  const object = [...running.of('BGPPeer'), ...running.of('BGPConfiguration')][0];
  const serves = running.of('APIServer').length > 0;
  return object?.group === 'projectcalico.org' && serves
    ? [
        fact(
          ['calico', 'api'],
          'projectcalico.org/v3',
          `the group of the given ${object.kind} ${object.name}`,
        ),
      ]
    : [];
}

const DETECTION = ['nodeAddressAutodetectionV4', 'nodeAddressAutodetectionV6'] as const;

function detectionFact(installation: ClusterObject): { facts: Fact[]; notes: Note[] } {
  const methods = DETECTION.flatMap((field) => {
    const how = fieldAt(installation.value, ['spec', 'calicoNetwork', field]);
    return isFields(how) ? [{ field, how }] : [];
  });
  const [first] = methods;
  if (first === undefined) {
    const message =
      'not in Installation: the operator uses firstFound; a different method restarts calico-node';
    const origin = within(installation, 'spec', 'calicoNetwork');
    return { facts: [fact(['calico', 'nodeAddress'], 'firstFound', message, origin)], notes: [] };
  }
  const origin = within(installation, 'spec', 'calicoNetwork', first.field);
  const from = `Installation default: ${first.field}`;
  const of = ({ firstFound, kubernetes, interface: name, skipInterface, canReach }: Fields): unknown => {
    if (firstFound === true) return 'firstFound';
    if (kubernetes !== undefined) return 'kubernetes';
    if (name !== undefined) return { interface: name };
    if (skipInterface !== undefined) return { skipInterface };
    return canReach === undefined ? undefined : { canReach };
  };
  const cidrs = methods.flatMap(({ how }) => (Array.isArray(how.cidrs) ? how.cidrs : []));
  const value = cidrs.length > 0 ? { cidrs } : of(first.how);
  // One method for both families: any separate IPv6 setting is lost, and calico-node would pick a different address.
  const ways = methods.map(({ how }) => (Array.isArray(how.cidrs) ? 'cidrs' : JSON.stringify(of(how))));
  if (value !== undefined)
    return {
      facts: [fact(['calico', 'nodeAddress'], value, from, origin)],
      notes: new Set(ways).size > 1 ? [differing(methods)] : [],
    };
  const message = `noencap cannot express ${JSON.stringify(first.how)}: give the interface, or the ranges`;
  return { facts: [], notes: [{ what: from, message, at: origin }] };
}

const differing = (methods: readonly { readonly field: string; readonly how: Fields }[]): Note => ({
  what: `Installation default: ${methods.map(({ field }) => field).join(', ')}`,
  message: `noencap has one method for both families, but there are two here (${methods
    .map(({ how }) => JSON.stringify(how))
    .join(', ')}): give one that finds the address of each family`,
});
