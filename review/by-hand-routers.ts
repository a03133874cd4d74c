import { grouped } from '../analysis/index.ts';
import { deliveredPassword, type RouterSpeaker } from '../fabric/index.ts';
import { nameOf, type Rule } from './by-hand-change.ts';

/** `ship` connects only to hosts with a known key. */
export const firstDeliveries: Rule = ({ routers }) => [
  {
    when: 'before the merge',
    action: 'set up its account, and pin its host key in known_hosts',
    machines: routers.come.map(nameOf),
    reason: 'nothing has been delivered there yet: docs/ship-access.md',
  },
  {
    when: 'before the merge',
    action: 'add the constants and tables to its own bird.conf, and include "k3s/ibgp.conf" there',
    machines: routers.come.filter(({ bird }) => bird.mode === 'include').map(nameOf),
    reason: 'noencap renders only the sessions',
  },
];

/** The forced command of a restricted account contains the folder and password file. */
export const accounts: Rule = ({ routers }) => [
  {
    when: 'before the merge',
    action: 'set up its account again',
    machines: routers.stay
      .filter(
        ([was, is]) =>
          was.bird.configDir !== is.bird.configDir || deliveredPassword(was) !== deliveredPassword(is),
      )
      .map(([, is]) => is.name),
    reason: 'the account is tied to its folder and password file: docs/ship-access.md',
  },
  {
    when: 'before the merge',
    action: 'add tables and constants with the new names to its own bird.conf, next to the old ones',
    machines: routers.stay
      .filter(([was, is]) => is.bird.mode === 'include' && namesIn(was) !== namesIn(is))
      .map(([, is]) => is.name),
    reason: 'noencap renders only the sessions',
  },
];

/** In include mode bird.conf is the user's: what noencap renders only refers to it. */
export const ownConfiguration: Rule = ({ before, after, routers }) => {
  const [asThen, asNow] = [before.bgp.asNumber, after.fabric.bgp.asNumber];
  const done = routers.stay
    .filter(([was, is]) => was.bird.mode === 'include' && is.bird.mode === 'include')
    .flatMap(([was, is]) => {
      const { as, routerId } = is.bird.constants;
      return [
        ...(asThen === asNow ? [] : [`set ${as} to ${asNow}`]),
        ...(was.routerId.text === is.routerId.text ? [] : [`set ${routerId} to ${is.routerId.text}`]),
        ...(was.loopback === is.loopback ? [] : [`announce its loopback ${LOOPBACKS[is.loopback]}`]),
        ...(was.bfd || !is.bfd ? [] : ['add a protocol bfd']),
      ].map((does) => ({ does, router: is.name }));
    });
  return [...grouped(done, ({ does }) => does)].map(([does, ofAction]) => ({
    when: 'after the merge',
    action: `${does} in its own bird.conf, and reconfigure it`,
    machines: ofAction.map(({ router }) => router),
    reason: 'noencap renders only the sessions',
  }));
};

const LOOPBACKS: Readonly<Record<RouterSpeaker['loopback'], string>> = {
  stub: 'as a stubnet of its OSPF area',
  e1: 'with ospf_metric1 (E1)',
  e2: 'with ospf_metric2 (E2)',
};

export const secrets: Rule = ({ before, after }) => {
  const had = new Map(before.routers.map(({ name, password }) => [name, secretOf(password)]));
  const given = after.fabric.routers.filter(
    ({ name, password }) => password !== undefined && secretOf(password) !== had.get(name),
  );
  return [
    {
      when: 'before the merge',
      action: 'create the Secret with its password in the cluster',
      machines: given.map(nameOf),
      reason: 'Calico peers without a password if the Secret is missing: docs/rotate-a-password.md',
    },
  ];
};

/** A router that left the topology gets no more deliveries and keeps running what it had. */
export const stopped: Rule = ({ routers }) => [
  {
    when: 'after shipping',
    action: 'stop BIRD, or remove the include of k3s/ibgp.conf',
    machines: routers.go.map(nameOf),
    reason: 'ship delivers only to routers in the topology: docs/replace-a-router.md',
  },
];

const namesIn = ({ bird }: RouterSpeaker): string => JSON.stringify([bird.tables, bird.constants]);

const secretOf = (password: RouterSpeaker['password']): string =>
  password === undefined ? '' : `${password.secret.name}/${password.secret.key}`;
