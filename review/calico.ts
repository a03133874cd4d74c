import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY, PLAIN_LOCAL_PREF } from '../calico/metric.ts';
import { calicoHas, calicoMinor, DOCUMENTED_MINORS, SINCE } from '../calico/releases.ts';
import { calicoNodeChanges, carriesMetric, type Fabric } from '../fabric/index.ts';
import { listed } from '../topology/suggest.ts';
import type { Changed, Danger } from './danger.ts';

/** Effects of a new Calico version, or object API, that nobody must overlook. */
export const calicoDangers = (changed: Changed): Danger[] =>
  [apiSwitched, goesBack, manyMinors, nodesRolled, forwardingOff, metricCarried, registryMoved].flatMap(
    (rule) => rule(changed),
  );

/**
 * The groups are two names of one stored object. An engine applies the new ones, which takes the stored objects over, then prunes
 * the old ones, which deletes them.
 */
function apiSwitched({ before, after, objects }: Changed): Danger[] {
  const [was, is] = [before.calico, after.calico];
  if (was.api === is.api || was.apiMovesTo === is.api) return [];
  const peers = objects.filter(({ id, change }) => change === 'deleted' && id.kind === 'BGPPeer').length;
  return [
    {
      code: 'calico-api',
      severity: 'error',
      message: `calico.api changes from ${was.api} to ${is.api} in one step: an engine applies the new objects, then prunes the old ones, which are the same objects in Calico's store. ${peers === 1 ? 'The BGPPeer is deleted' : `All ${peers} BGPPeers are deleted`}, which takes down every node's sessions with its reflectors until the next sync`,
      fix: `First merge calico.api: {from: ${was.api}, to: ${is.api}} and let the engine sync it; then merge this change. See docs/move-to-the-v3-api.md.`,
    },
  ];
}

/** Calico documents no downgrade; a lower patch of the same minor has the same CRDs. */
function goesBack({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ calico }) => calicoMinor(calico.version)) as [number, number];
  if (is >= was) return [];
  return [
    {
      code: 'calico-downgrade',
      severity: 'error',
      message: `Calico is downgraded from ${before.calico.version} to ${after.calico.version}: its operator overwrites the newer CRDs with the older, and stored objects lose every field that only the newer ones have`,
      fix: 'Upgrade to a patch release with the fix, or go back to a patch release of the same minor. See docs/upgrade-calico.md.',
    },
  ];
}

function manyMinors({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ calico }) => calicoMinor(calico.version)) as [number, number];
  if (is - was <= DOCUMENTED_MINORS) return [];
  return [
    {
      code: 'calico-minors',
      severity: 'warning',
      message: `Calico skips ahead ${is - was} minors in one step, from ${before.calico.version} to ${after.calico.version}: the changes of all of them take effect at once`,
      fix: `Upgrade at most ${DOCUMENTED_MINORS} minors per merge, and check the cluster in between.`,
    },
  ];
}

/** The MTU of pods, which does it too, is a danger of its own. */
function nodesRolled({ before, after }: Changed): Danger[] {
  const changed = calicoNodeChanges(before, after).filter((part) => part !== 'MTU of pods');
  if (changed.length === 0) return [];
  const isGraceful = before.bgp.gracefulRestart && after.bgp.gracefulRestart;
  const isVersion = before.calico.version !== after.calico.version;
  const what = isVersion ? `Calico ${after.calico.version}` : `a changed setting (${listed(changed, 'and')})`;
  return [
    {
      code: 'calico-node-replaced',
      severity: 'warning',
      message: isGraceful
        ? `${what} replaces calico-node on every node, one by one: its sessions go down, and its peers keep its routes until it is back`
        : `${what} replaces calico-node on every node, one by one, and bgp.gracefulRestart is off: the routers drop a node's routes until it is back`,
      fix: isGraceful
        ? 'Change nothing else in this merge, and ship to no router until TigeraStatus calico is available again.'
        : 'Set bgp.gracefulRestart: true and ship it to the routers first.',
    },
  ];
}

/** K3s' service load balancer is pods that forward to the service's address. */
function forwardingOff({ before, after }: Changed): Danger[] {
  if (!before.calico.containerIPForwarding || after.calico.containerIPForwarding) return [];
  return [
    {
      code: 'ip-forwarding-off',
      severity: 'warning',
      message:
        "pods started from now on do not forward: those of K3s' service load balancer (svclb) no longer pass on traffic to services of type LoadBalancer",
      fix: 'Leave calico.containerIPForwarding on, unless K3s runs with --disable servicelb or there is no such service.',
    },
  ];
}

/** calico#12089. Each block has one origin and one LOCAL_PREF at a time, so that no decision between its paths changes by that. */
function metricCarried({ before, after }: Changed): Danger[] {
  if (carriesMetric(before) || !carriesMetric(after)) return [];
  return [
    {
      code: 'calico-metric',
      severity: 'warning',
      message: `from v3.${SINCE.metricAsPreference} nodes announce their blocks with LOCAL_PREF ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY} instead of ${PLAIN_LOCAL_PREF}, and routes to pods have metric ${NORMAL_PRIORITY} in the kernel instead of 0. Until all nodes are upgraded, routes to those that are not are installed with metric ${HIGHEST_LOCAL_PREF - PLAIN_LOCAL_PREF}: any other route to the same prefix wins`,
      fix: 'Make sure that nodes learn no routes to blocks of the pools from the IGP or any other source, and that no router policy outside this topology depends on LOCAL_PREF. See docs/upgrade-calico.md.',
    },
  ];
}

function registryMoved({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ calico }) => calicoHas(calico.version, 'quayImages'));
  if (was || !is || after.calico.registry !== undefined) return [];
  const mirrored = (region: Fabric['regions'][number], registry: string) =>
    region.registryMirrors.some((one) => one.registry === registry || one.registry === '*');
  const without = after.regions.filter(
    (region) => mirrored(region, 'docker.io') && !mirrored(region, 'quay.io'),
  );
  if (without.length === 0) return [];
  const names = without.map(({ name }) => name).join(', ');
  return [
    {
      code: 'calico-registry',
      severity: 'warning',
      message: `from v3.${SINCE.quayImages} Calico's images come from quay.io instead of docker.io, but ${without.length === 1 ? 'region' : 'regions'} ${names} ${without.length === 1 ? 'has' : 'have'} only a mirror of docker.io`,
      fix: 'First add a mirror of quay.io to registryMirrors and run the install script on its nodes, or set calico.registry.',
    },
  ];
}
