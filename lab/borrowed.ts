import type { LoanExpectation } from '../fabric/index.ts';
import { hostPrefix } from '../topology/address.ts';
import { askAll } from './ask.ts';
import { type FailedCheck, failedCheck } from './failure.ts';
import { REPLY } from './fping.ts';
import type { Lab } from './lab.ts';
import type { LabPlan } from './model.ts';
import type { Observation } from './observe.ts';

/** Gives pods of these nodes one more address: one of another node's block. */
export const withBorrowed = (plan: LabPlan, loans: readonly LoanExpectation[]): LabPlan =>
  loans.length === 0
    ? plan
    : {
        ...plan,
        pods: plan.pods.map((pod) => {
          const lent = loans.filter(({ node }) => node === pod.node).map(({ address }) => address);
          return lent.length === 0 ? pod : { ...pod, borrowed: [...pod.borrowed, ...lent] };
        }),
      };

/** Who answered at a borrowed address: `sender address`. */
export type Answered = ReadonlySet<string>;

/** Pings every borrowed address from the pods of all other nodes: one fping per pod and family. */
export async function probeBorrowed(lab: Lab): Promise<Answered> {
  const { borrowed = [] } = lab.expected;
  const asked = lab.plan.pods.flatMap(({ node, netns }) =>
    lab.fabric.pods.families.flatMap((family) => {
      const addresses = borrowed
        .filter((loan) => loan.address.family === family && loan.arrives.has(node))
        .map(({ address }) => address.text);
      const flag = family === 'ipv6' ? '-6' : '-4';
      const command = `fping ${flag} -i 1 -r 3 -B 1 -t ${REPLY} ${addresses.join(' ')}`;
      return addresses.length === 0 ? [] : [{ node, netns, command }];
    }),
  );
  const outputs = await askAll(lab, asked);
  return new Set(
    asked.flatMap(({ node }, index) =>
      [...(outputs[index] ?? '').matchAll(/^(\S+) is alive/gm)].map(([, address]) => `${node} ${address}`),
    ),
  );
}

/** How packets to borrowed addresses differ from the expectation. */
export const borrowedFailures = ({ expected: { borrowed = [] } }: Lab, answered: Answered): FailedCheck[] =>
  borrowed.flatMap((loan) =>
    [...loan.arrives].flatMap(([from, arrives]) => {
      const isThere = answered.has(`${from} ${loan.address.text}`);
      if (arrives === 'some' || isThere === (arrives === 'all')) return [];
      const what = isThere ? 'answers but should not' : 'does not answer';
      return [failedCheck('pair', [from, loan.node], `${from} to ${lentText(loan)}: the pod ${what}`)];
    }),
  );

/** Borrowed addresses whose packets are lost, as expected: a line for each. */
export const lostBorrowed = ({ expected: { borrowed = [] } }: Lab): FailedCheck[] =>
  borrowed.flatMap((loan) => {
    const senders = [...loan.arrives].filter(([, arrives]) => arrives !== 'all').map(([from]) => from);
    return senders.length === 0
      ? []
      : [
          failedCheck(
            'pair',
            [loan.node],
            `${lentText(loan)}: packets from ${senders.join(', ')} are lost (NE417)`,
          ),
        ];
  });

const lentText = ({ address, node, owner }: LoanExpectation): string =>
  `${address.text} on ${node}, borrowed from ${owner}`;

/** Machines that have a route to a borrowed address but should not, or the reverse. */
export const borrowedRouteFailures = (
  { expected: { borrowed = [] }, plan }: Lab,
  observation: Observation,
): FailedCheck[] =>
  borrowed.flatMap((loan) => {
    const { text } = hostPrefix(loan.address);
    const { withRoute } = loan;
    if (withRoute === undefined) return [];
    return plan.hosts
      .filter(({ name, kind }) => kind !== 'host' && name !== loan.node)
      .flatMap(({ name }) => {
        const has = observation.routes.get(name)?.some(({ to }) => to === text) === true;
        if (has === withRoute.has(name)) return [];
        const message = has ? `a route to ${text} but should not` : `no route to ${text}`;
        return [
          failedCheck(
            has ? 'absent' : 'route',
            [name],
            `${name} has ${message} (a pod of ${loan.node}, borrowed)`,
          ),
        ];
      });
  });
