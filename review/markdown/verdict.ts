import type { Review } from '../document.ts';
import { number } from '../numbers.ts';
import { factsText, verdict } from '../verdict.ts';
import { prose } from './text.ts';
import type { Bounds } from './tiers.ts';

/** The first line: the effect on packets, then the amount of change. */
export function verdictLine(review: Review): string {
  const headline = verdict(review);
  return `**${headline.word}** ${factsText(headline)}`.trimEnd();
}

/** What a reviewer must not overlook, outside any fold. */
export function dangerAlerts({ dangers, accepted }: Review, bounds: Bounds): string[] {
  return (['error', 'warning'] as const).flatMap((severity) => {
    const found = dangers.filter((one) => one.severity === severity);
    if (found.length === 0) return [];
    const left = found.length - bounds.items;
    return [
      [
        severity === 'error' ? '> [!CAUTION]' : '> [!WARNING]',
        ...found
          .slice(0, bounds.items)
          .map(({ message, fix }) => `> - ${prose(message, bounds.sentence)}${insteadText(fix, bounds)}`),
        ...(left > 0 ? [`> - And ${number(left)} more.`] : []),
        ...(accepted ? ['>', '> Accepted by an authorized person.'] : []),
      ].join('\n'),
    ];
  });
}

const insteadText = (fix: string, bounds: Bounds): string =>
  fix === '' ? '' : `. **Instead:** ${prose(fix, bounds.sentence)}`;
