import { HIGHEST_LOCAL_PREF, NORMAL_PRIORITY, PLAIN_LOCAL_PREF } from '../calico/metric.ts';
import { calicoHas, calicoMinor, DOCUMENTED_MINORS, SINCE } from '../calico/releases.ts';
import { calicoNodeChanges, carriesMetric, type Fabric } from '../fabric/index.ts';
import { listed } from '../topology/suggest.ts';
import type { Changed, Danger } from './danger.ts';

/** What a change of Calico's version, or of the API of its objects, does that nobody must overlook. */
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
  const peers = objects.filter(({ id, became }) => became === 'deleted' && id.kind === 'BGPPeer').length;
  return [
    {
      severity: 'error',
      says: `calico.api changes from ${was.api} to ${is.api} at once: an engine applies the new objects and then prunes the old, which are the same ones in Calico's store. ${peers === 1 ? 'The BGPPeer goes' : `All ${peers} BGPPeers go`}, and the sessions of every node with its reflectors, until the next sync`,
      mend: `First merge calico.api: {from: ${was.api}, to: ${is.api}} and let the engine sync it; then this change. See docs/move-to-the-v3-api.md.`,
    },
  ];
}

/** Calico's documentation knows no way back; a lower patch of the same minor has the same CRDs. */
function goesBack({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ calico }) => calicoMinor(calico.version)) as [number, number];
  if (is >= was) return [];
  return [
    {
      severity: 'error',
      says: `Calico goes back from ${before.calico.version} to ${after.calico.version}: its operator writes the older CRDs over the newer, and what only these know is gone from the stored objects`,
      mend: 'Go on to a patch that mends what is wrong, or back to a patch of the same minor. See docs/upgrade-calico.md.',
    },
  ];
}

function manyMinors({ before, after }: Changed): Danger[] {
  const [was, is] = [before, after].map(({ calico }) => calicoMinor(calico.version)) as [number, number];
  if (is - was <= DOCUMENTED_MINORS) return [];
  return [
    {
      severity: 'warning',
      says: `Calico goes ${is - was} minors on in one step, from ${before.calico.version} to ${after.calico.version}: what changed in each of them changes at once`,
      mend: `Go in steps of at most ${DOCUMENTED_MINORS} minors, a merge for each, and look at the cluster in between.`,
    },
  ];
}

/** The MTU of pods, which does it too, is a danger of its own. */
function nodesRolled({ before, after }: Changed): Danger[] {
  const changed = calicoNodeChanges(before, after).filter((part) => part !== 'MTU of pods');
  if (changed.length === 0) return [];
  const isGraceful = before.bgp.gracefulRestart && after.bgp.gracefulRestart;
  const isVersion = before.calico.version !== after.calico.version;
  const what = isVersion ? `Calico ${after.calico.version}` : `another setting (${listed(changed, 'and')})`;
  return [
    {
      severity: 'warning',
      says: isGraceful
        ? `${what} replaces calico-node on every node, one after the other: its sessions end, and its peers keep its routes until it is back`
        : `${what} replaces calico-node on every node, one after the other, and bgp.gracefulRestart is off: the routers drop a node's routes as long as it takes to come back`,
      mend: isGraceful
        ? 'Change nothing else in the same merge, and ship no router until TigeraStatus calico is available again.'
        : 'Set bgp.gracefulRestart: true and ship it to the routers first.',
    },
  ];
}

/** K3s' service load balancer is pods that forward to the service's address. */
function forwardingOff({ before, after }: Changed): Danger[] {
  if (!before.calico.containerIPForwarding || after.calico.containerIPForwarding) return [];
  return [
    {
      severity: 'warning',
      says: "pods that start from now on do not forward: those of K3s' service load balancer (svclb) no longer pass on what reaches a service of type LoadBalancer",
      mend: 'Leave calico.containerIPForwarding on, unless K3s runs with --disable servicelb or no service is of that type.',
    },
  ];
}

/** calico#12089. Each block has one origin and one LOCAL_PREF at a time, so that no decision between its paths changes by that. */
function metricCarried({ before, after }: Changed): Danger[] {
  if (carriesMetric(before) || !carriesMetric(after)) return [];
  return [
    {
      severity: 'warning',
      says: `from v3.${SINCE.metricAsPreference} on nodes announce their blocks with LOCAL_PREF ${HIGHEST_LOCAL_PREF - NORMAL_PRIORITY} instead of ${PLAIN_LOCAL_PREF}, and routes to pods have metric ${NORMAL_PRIORITY} in the kernel instead of 0. Until all nodes have it, routes to those that have not are installed with metric ${HIGHEST_LOCAL_PREF - PLAIN_LOCAL_PREF}: any other route to the same prefix wins`,
      mend: 'See that neither the IGP nor anybody else brings nodes routes to blocks of the pools, and that no policy of a router outside of this topology goes by LOCAL_PREF. See docs/upgrade-calico.md.',
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
      severity: 'warning',
      says: `from v3.${SINCE.quayImages} on Calico's images come from quay.io instead of docker.io, and ${without.length === 1 ? 'region' : 'regions'} ${names} ${without.length === 1 ? 'has' : 'have'} a mirror of docker.io only`,
      mend: 'Add a mirror of quay.io to registryMirrors and run the install script on its nodes first, or set calico.registry.',
    },
  ];
}
