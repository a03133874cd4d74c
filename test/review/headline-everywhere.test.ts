import fc from 'fast-check';
import { createColors } from 'picocolors';
import { type Analysis, analyse, type Failing, failureReports, findings } from '../../analysis/index.ts';
import { reviewText } from '../../cli/review-text.ts';
import { newNames, withNames } from '../../fabric/index.ts';
import { render } from '../../repository/render.ts';
import { type Whole, wholeIn } from '../../review/class-pairs.ts';
import {
  factsText,
  NO_TRUST_FILES,
  parseReview,
  type Review,
  review,
  type State,
  verdict,
} from '../../review/index.ts';
import { reviewMarkdown } from '../../review/markdown/markdown.ts';
import type { TopologyInput } from '../../topology/index.ts';
import { arbitraryNetwork } from '../analysis/arbitrary-network.ts';
import { redundantNetwork, visitedNetwork } from '../analysis/redundant-network.ts';
import { fabricOf } from '../fabric-of.ts';
import { arbitraryChange } from './random-changes.ts';

/*
 * Pull requests on networks of all kinds: compares the first line of each form of a review with the results of simulator and checks
 * for both states, without any code of the review in between.
 */

const state = (topology: TopologyInput): State => {
  const fabric = fabricOf(topology);
  const { files } = render(fabric, undefined);
  const placeOf: State['placeOf'] = (path) => ({ path: path.join('.') });
  return { name: '', commit: undefined, fabric, files, trust: NO_TRUST_FILES, placeOf };
};

const openOf = (analysis: Analysis, severity: string): number =>
  findings(analysis).filter((one) => one.suppressed === undefined && one.severity === severity).length;

/** Pairs of nodes that exist before and after and that each single failure separates. */
function lossesOf(analysis: Analysis, stay: ReadonlySet<string>): Map<string, number> {
  const nameOf = ({ kind, name }: Failing) => `${kind} ${name}`;
  return new Map(
    failureReports(analysis, 1).map(({ failed, changes }) => {
      const lost = changes.filter(
        ({ becomes, from, to }) => becomes !== 'worse' && stay.has(from) && stay.has(to),
      );
      const pairs = new Map(lost.map(({ from, to, pairs: count }) => [`${from} ${to}`, count]));
      return [nameOf(failed[0] as Failing), [...pairs.values()].reduce((sum, one) => sum + one, 0)];
    }),
  );
}

/** The gravest objection to a change. */
function against(before: State, after: State): { danger: string[]; risk: string[] } {
  const [was, is] = [
    analyse(withNames(before.fabric, newNames(before.fabric, after.fabric))),
    analyse(after.fabric),
  ] as const;
  const [whole, isWhole] = [wholeIn(was), wholeIn(is)] as [Whole, Whole];
  const known = new Set(was.fabric.nodes.map(({ name }) => name));
  const stay = is.fabric.nodes.map(({ name }) => name).filter((name) => known.has(name));
  const lost = stay.flatMap((from) =>
    stay
      .filter((to) => from !== to && whole(from, to) && !isWhole(from, to))
      .map((to) => `${from} to ${to} is lost`),
  );
  const more = (severity: string): string[] =>
    openOf(is, severity) > openOf(was, severity) ? [`more ${severity}s`] : [];
  const isSameCluster = stay.length === known.size && stay.length === is.fabric.nodes.length;
  const [then, now] = [was, is].map((one) => lossesOf(one, new Set(stay))) as [
    Map<string, number>,
    Map<string, number>,
  ];
  // An added or removed node changes the number of pairs; only nodes in both states can be compared.
  const worse = [...now].filter(([name, pairs]) => isSameCluster && pairs > (then.get(name) ?? pairs));
  return {
    danger: [...lost, ...more('error')],
    risk: [...more('warning'), ...(lost.length > 0 ? [] : worse.map(([name]) => `${name} takes more`))],
  };
}

/** The first line of each form of a review. */
function firstLines(told: Review): { terminal: string; markdown: string; json: string } {
  const parsed = parseReview(JSON.stringify(told));
  if ('message' in parsed) throw new Error(parsed.message);
  const { text } = reviewMarkdown(parsed, { limit: 65_536, unit: 'characters', details: undefined });
  const [, first = ''] = text.match(/^\*\*(.*)$/m) ?? [];
  const terminal = reviewText(told, createColors(false) as never, 10_000).split('\n')[1] ?? '';
  const word = verdict(told).word;
  return {
    terminal: terminal.trim(),
    markdown: first.replace('**', ''),
    json: `${WORDS[parsed.outcome] ?? word} ${factsText(verdict(parsed))}`.trim(),
  };
}

const WORDS: Partial<Record<Review['outcome'], string>> = {
  hitless: 'Hitless.',
  risky: 'Risky.',
  dangerous: 'Dangerous.',
};

/** Sentences that contradict the rest of the review. */
function contradictions(told: Review): string[] {
  const { text: markdown } = reviewMarkdown(told, { limit: 65_536, unit: 'characters', details: undefined });
  const both = `${markdown}\n${reviewText(told, createColors(false) as never, 200)}`;
  const reset = told.sessions.changed.some(({ change }) => change === 'reset');
  const felt = told.interruptions.some(({ lost }) => lost > 0);
  const steps = told.byHand.map(({ action, machines }) => `${action} ${machines.join()}`);
  const order = ['before the merge', 'after the merge', 'after shipping'];
  const turns = told.byHand.map(({ when }) => order.indexOf(when));
  const isChanged = told.fabric.length + told.objects.length + told.files.length + told.byHand.length > 0;
  return [
    ...(reset && /no session is reset|none reset/.test(both) ? ['resets sessions, and says none'] : []),
    ...(felt && /no pair of nodes loses packets/.test(both) ? ['loses packets, and says none'] : []),
    ...(isChanged && /routers and nodes are unchanged/.test(both)
      ? ['changes something, and says nothing']
      : []),
    ...(told.outcome === 'nothing' && told.sessions.changed.length > 0 ? ['does nothing to sessions'] : []),
    ...(/\bNaN\b|\bundefined\b|Infinity|\[object/.test(both) ? ['says what is none'] : []),
    ...(new Set(steps).size < steps.length ? ['tells a step twice'] : []),
    ...(turns.some((turn, index) => turn < (turns[index - 1] ?? 0)) ? ['tells steps out of order'] : []),
  ];
}

test('no first line of any form contradicts what simulator and checks say of both states', () => {
  fc.assert(
    fc.property(
      arbitraryChange(fc.oneof(redundantNetwork(), visitedNetwork(), arbitraryNetwork())),
      ({ base, head }) => {
        const [before, after] = [state(base), state(head)];
        const told = review(before, after, { accepted: false, rehearsal: null, notes: [] });
        const { danger, risk } = against(before, after);
        if (danger.length > 0)
          expect({ danger, outcome: told.outcome, ok: told.ok }).toEqual({
            danger,
            outcome: 'dangerous',
            ok: false,
          });
        if (risk.length > 0)
          expect({ risk, outcome: told.outcome }).toEqual({
            risk,
            outcome: expect.stringMatching(/^(risky|dangerous)$/),
          });
        const { terminal, markdown, json } = firstLines(told);
        expect([markdown, json]).toEqual([terminal, terminal]);
        expect(contradictions(told)).toEqual([]);
      },
    ),
    { numRuns: 35 },
  );
});
