import type { ObjectDrift, Owner, RouterDrift } from './document.ts';

/** `BGPPeer route-reflector-wds-gateway`, `Job noencap-system/label-a`. */
export const objectName = ({ id: { kind, namespace, name } }: ObjectDrift): string =>
  `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;

const WHO: Readonly<Record<Owner['is'], (manager: string) => string>> = {
  engine: (manager) => `the engine wrote it (${manager})`,
  operator: (manager) => `an operator wrote it (${manager})`,
  controller: (manager) => `a controller wrote it (${manager})`,
  person: (manager) => `somebody wrote it (${manager})`,
  program: (manager) => `another program wrote it (${manager})`,
};

/** `somebody wrote it (kubectl-edit), last at 2026-01-02T03:04:05Z`. */
export const ownerText = ({ manager, is, at }: Owner): string =>
  `${WHO[is](manager)}${at === undefined ? '' : `, last at ${at}`}`;

/** What is the matter with an object, as a sentence goes on behind its name. */
export function changeText({ change, by, note }: ObjectDrift): string {
  const what = {
    missing: 'is missing',
    changed: 'differs',
    'not-applied': 'is not applied: git has changed since, and the engine has not',
    'by-hand': 'is not in git',
  }[change];
  return [what, ...(note === undefined ? [] : [note]), ...(by === undefined ? [] : [ownerText(by)])].join(
    '; ',
  );
}

/** The same of a router's files. */
export function routerText({ change, delivered }: RouterDrift): string {
  const since = delivered === null ? 'the last delivery' : `commit ${delivered.slice(0, 7)} was delivered`;
  return {
    edited: `somebody edited files there since ${since}`,
    'not-delivered': `git has changed since ${since}`,
    'never-delivered': 'nothing was ever delivered there',
  }[change];
}
