import { type Analysis, grouped, isWhole } from '../analysis/index.ts';

/** Two nodes that represent all equivalent ordered pairs of nodes. */
export interface ClassPair {
  readonly from: string;
  readonly to: string;
  /** How many pairs they represent, themselves included. */
  readonly pairs: number;
}

/** The pairs of node classes: nodes in all analyses, grouped where none of them can tell the nodes apart. */
export function classPairs(analyses: readonly [Analysis, ...Analysis[]]): ClassPair[] {
  const [first, ...others] = analyses;
  const nodeNames = others.map(({ fabric }) => new Set(fabric.nodes.map(({ name }) => name)));
  const common = first.fabric.nodes
    .map(({ name }) => name)
    .filter((name) => nodeNames.every((one) => one.has(name)));
  const alike = (name: string) => analyses.map(({ standIn }) => standIn(name, name)[0]).join(' ');
  const classes = [...grouped(common, alike).values()];
  return classes.flatMap((senders) =>
    classes.flatMap((receivers): ClassPair[] => {
      const isOne = senders === receivers;
      const [from, to] = [senders[0], isOne ? receivers[1] : receivers[0]];
      if (from === undefined || to === undefined) return [];
      return [{ from, to, pairs: senders.length * (isOne ? senders.length - 1 : receivers.length) }];
    }),
  );
}

export type Whole = (from: string, to: string) => boolean;

/** Whether all packets of a pair arrive, in all of its blocks and families. */
export function wholeIn(analysis: Analysis): Whole {
  const broken = new Set(
    analysis.pairs.filter(({ fate }) => !isWhole(fate)).map(({ from, to }) => `${from.name} ${to.name}`),
  );
  return (from, to) => !broken.has(analysis.standIn(from, to).join(' '));
}
