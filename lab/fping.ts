import type { PairExpectation } from '../fabric/index.ts';
import type { Family, IpAddress } from '../topology/address.ts';
import { askAll } from './ask.ts';
import type { Lab } from './lab.ts';
import type { LabPod } from './model.ts';

export const key = ({ from, to, family }: Pick<PairExpectation, 'from' | 'to' | 'family'>): string =>
  `${from} ${to} ${family}`;

/** Milliseconds that a reply may take: kernels take one or two, but fping may have to wait for a processor before it reads the reply. */
export const REPLY = 1000;

export interface Question {
  readonly family: Family;
  readonly pod: LabPod;
  readonly targets: readonly { readonly pair: PairExpectation; readonly address: IpAddress }[];
}

/** The targets of each pod: all other pods, one family at a time. */
export function questions(lab: Lab, pairs: readonly PairExpectation[] = lab.expected.pairs): Question[] {
  const podOf = new Map(lab.plan.pods.map((pod) => [pod.node, pod]));
  return lab.plan.pods.flatMap((pod) =>
    lab.fabric.pods.families.flatMap((family): Question[] => {
      const targets = pairs
        .filter((pair) => pair.from === pod.node && pair.family === family)
        .flatMap((pair) => {
          const address = podOf.get(pair.to)?.addresses.find((one) => one.family === family);
          return address === undefined ? [] : [{ pair, address }];
        });
      return targets.length === 0 ? [] : [{ family, pod, targets }];
    }),
  );
}

export interface Asking {
  readonly args: string;
  readonly question: Question;
}

/** The output of each fping, in order. */
export function fping(lab: Lab, asked: readonly Asking[]): Promise<string[]> {
  return askAll(
    lab,
    asked.map(({ args, question: { pod, family, targets } }) => {
      const flag = family === 'ipv6' ? '-6' : '-4';
      const addresses = targets.map(({ address }) => address.text).join(' ');
      return { netns: pod.netns, command: `fping ${flag} -i 1 ${args} ${addresses}` };
    }),
  );
}

/** The pairs of a question whose target answered. */
export function answered({ targets }: Question, text: string): string[] {
  const alive = new Set([...text.matchAll(/^(\S+) is alive/gm)].map(([, address]) => address));
  return targets.filter(({ address }) => alive.has(address.text)).map(({ pair }) => key(pair));
}
