import type { Review } from './document.ts';
import { counted, listed, number } from './markdown-text.ts';

/** What becomes of packets in a word, and how much is otherwise: `2 sessions new, none reset`. Nothing in it is from the review's texts. */
export interface Verdict {
  readonly word: string;
  readonly facts: readonly string[];
}

export function verdict(review: Review): Verdict {
  const facts = [losses(review), parts(review), resources(review), sessions(review)].filter(
    (fact) => fact !== '',
  );
  const isNothing = review.outcome === 'nothing' && facts.length === 0;
  return {
    word: OUTCOMES[review.outcome](review),
    facts: isNothing ? ['cluster, routers and nodes stay as they are'] : facts,
  };
}

/** The facts as one sentence; empty where there are none. */
export function factsText({ facts }: Verdict): string {
  const text = facts.join('; ');
  return text === '' ? '' : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}

const OUTCOMES: Readonly<Record<Review['outcome'], (review: Review) => string>> = {
  nothing: () => 'Nothing changes.',
  hitless: () => 'Hitless.',
  felt: () => 'Not hitless.',
  dangerous: ({ accepted }) => (accepted ? 'Dangerous, and accepted.' : 'Dangerous.'),
};

/** Of what is lost the gravest: for good, else while the change is made. */
function losses({ traffic, interruptions, rehearsal, pairs }: Review): string {
  const lost = traffic
    .filter(({ became }) => became === 'lost' || became === 'partly lost')
    .reduce((sum, one) => sum + one.pairs, 0);
  const meanwhile = interruptions.reduce((most, one) => Math.max(most, one.lost), 0);
  return [
    ...(lost === 0
      ? []
      : [`${counted(lost, 'pair')} of nodes ${lost === 1 ? 'loses' : 'lose'} packets for good`]),
    ...(meanwhile === 0
      ? []
      : [
          `up to ${number(meanwhile)} of ${counted(pairs, 'pair')} of nodes lose packets while sessions are down`,
        ]),
    ...(rehearsal === null || rehearsal.lost === 0
      ? []
      : [`the lab lost ${number(rehearsal.lost)} of ${counted(rehearsal.sent, 'packet')}`]),
  ].join('; ');
}

const KINDS: Readonly<Record<Review['fabric'][number]['kind'], readonly [one: string, many: string]>> = {
  network: ['network', 'networks'],
  region: ['region', 'regions'],
  router: ['router', 'routers'],
  node: ['node', 'nodes'],
  host: ['host', 'hosts'],
  segment: ['segment', 'segments'],
  reflector: ['reflector', 'reflectors'],
  file: ['trusted file', 'trusted files'],
};

/** `1 node added, 2 routers changed`. */
function parts({ fabric }: Review): string {
  return (['added', 'removed', 'changed'] as const)
    .flatMap((became) =>
      Object.entries(KINDS).flatMap(([kind, [one, many]]) => {
        const count = fabric.filter((part) => part.kind === kind && part.became === became).length;
        if (count === 0) return [];
        return [kind === 'network' ? `settings ${became}` : `${counted(count, one, many)} ${became}`];
      }),
    )
    .join(', ');
}

/** `6 objects, 2 router files and 1 node file differ`. */
function resources({ objects, files }: Review): string {
  const routers = files.filter(({ path }) => path.startsWith('routers/')).length;
  const nodes = files.filter(({ path }) => path.startsWith('nodes/')).length;
  const total = objects.length + files.length;
  const found = [
    [objects.length, 'object'],
    [routers, 'router file'],
    [nodes, 'node file'],
    [files.length - routers - nodes, 'other file'],
  ] as const;
  if (total === 0) return '';
  const text = listed(
    found.filter(([count]) => count > 0),
    found.length,
    ([count, what]) => counted(count, what),
  );
  return `${text} ${total === 1 ? 'differs' : 'differ'}`;
}

/** Whether sessions are reset is said in any case: it is what a reviewer of BGP wants to know first of them. */
function sessions({ sessions: { changed, kept }, outcome }: Review): string {
  if (changed.length === 0) return kept === 0 || outcome === 'nothing' ? '' : 'no session is reset';
  const counts = (['reset', 'new', 'gone', 'reloaded'] as const).map(
    (became) => [became, changed.filter((one) => one.became === became).length] as const,
  );
  const [[first, count] = ['reset', 0], ...others] = counts.filter(([, some]) => some > 0);
  return [
    `${counted(count, 'session')} ${first}`,
    ...others.map(([became, some]) => `${number(some)} ${became}`),
    ...(first === 'reset' ? [] : ['none reset']),
  ].join(', ');
}
