import { deliveredPassword, type RouterSpeaker } from '../fabric/index.ts';
import { nameOf, type Rule } from './by-hand-change.ts';

/** `ship` speaks to nobody whom it does not know. */
export const firstDeliveries: Rule = ({ routers }) => [
  {
    when: 'before the merge',
    does: 'set up its account, and pin its host key in known_hosts',
    on: routers.come.map(nameOf),
    because: 'nothing was delivered there yet: docs/ship-access.md',
  },
  {
    when: 'before the merge',
    does: 'give its own bird.conf the constants and tables, and include "k3s/ibgp.conf" in it',
    on: routers.come.filter(({ bird }) => bird.mode === 'include').map(nameOf),
    because: 'noencap renders the sessions only',
  },
];

/** The forced command of a restricted account has folder and password file fixed in it. */
export const accounts: Rule = ({ routers }) => [
  {
    when: 'before the merge',
    does: 'set up its account again',
    on: routers.stay
      .filter(
        ([was, is]) =>
          was.bird.configDir !== is.bird.configDir || deliveredPassword(was) !== deliveredPassword(is),
      )
      .map(([, is]) => is.name),
    because: 'folder and password file are fixed in it: docs/ship-access.md',
  },
  {
    when: 'before the merge',
    does: 'call tables and constants in its own bird.conf as the topology does',
    on: routers.stay
      .filter(([was, is]) => is.bird.mode === 'include' && namesIn(was) !== namesIn(is))
      .map(([, is]) => is.name),
    because: 'noencap renders the sessions only',
  },
];

export const secrets: Rule = ({ before, after }) => {
  const had = new Map(before.routers.map(({ name, password }) => [name, secretOf(password)]));
  const given = after.fabric.routers.filter(
    ({ name, password }) => password !== undefined && secretOf(password) !== had.get(name),
  );
  return [
    {
      when: 'before the merge',
      does: 'put the Secret of its password into the cluster',
      on: given.map(nameOf),
      because: 'Calico speaks without a password where there is none: docs/rotate-a-password.md',
    },
  ];
};

/** Whoever is in the topology no more gets nothing any more, and runs what it had. */
export const stopped: Rule = ({ routers }) => [
  {
    when: 'after shipping',
    does: 'stop BIRD, or take its include of k3s/ibgp.conf out',
    on: routers.go.map(nameOf),
    because: 'ship speaks to the routers of the topology only: docs/replace-a-router.md',
  },
];

const namesIn = ({ bird }: RouterSpeaker): string => JSON.stringify([bird.tables, bird.constants]);

const secretOf = (password: RouterSpeaker['password']): string =>
  password === undefined ? '' : `${password.secret.name}/${password.secret.key}`;
