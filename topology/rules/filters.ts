import { SINCE } from '../../calico/releases.ts';
import { addressBits } from '../address.ts';
import type { Draft, Drafted } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import type { TopologyFile } from '../schema.ts';
import { knownMinor } from './calico.ts';

type FilterRule = Drafted<TopologyFile['calico']['filters'][string]['import'][number]>;

/** Rules of a BGPFilter: fields that the Calico version supports, and possible prefix lengths. */
export function filterRules(draft: Draft): Fault[] {
  const minor = knownMinor(draft);
  return entries(draft.file.calico?.filters).flatMap(([name, filter]) =>
    (['import', 'export'] as const).flatMap((direction) =>
      (filter[direction] ?? []).flatMap((rule, index) => {
        if (rule === undefined) return [];
        const path = ['calico', 'filters', name, direction, index];
        return [...sinceVersion(path, rule, minor), ...lengths(draft, path, rule)];
      }),
    ),
  );
}

const SINCE_MINOR = { prefixLength: SINCE.filterPrefixLength, source: SINCE.filterSource } as const;

function sinceVersion(path: Path, rule: FilterRule, minor: number | undefined): Fault[] {
  if (minor === undefined) return [];
  return (['prefixLength', 'source'] as const)
    .filter((key) => rule[key] !== undefined && minor < SINCE_MINOR[key])
    .map((key) =>
      fault(
        'filter-version',
        [...path, key],
        `needs Calico v3.${SINCE_MINOR[key]} or later, but calico.version is v3.${minor}`,
        'Remove it, or use a later version of Calico.',
        { part: 'key' },
      ),
    );
}

function lengths(draft: Draft, path: Path, { match, prefixLength }: FilterRule): Fault[] {
  const at = [...path, 'prefixLength'];
  if (prefixLength === undefined || draft.faulty(...at)) return [];
  if (match === undefined) {
    if (draft.faulty(...path, 'match')) return [];
    const fix = 'Add match: {cidr: ..., operator: In}; the lengths apply inside it.';
    return [fault('filter-length-alone', at, 'needs a match', fix, { part: 'key' })];
  }
  const { min, max } = prefixLength;
  const cidr = match.cidr;
  const wrong = (['min', 'max'] as const).flatMap((key): Fault[] => {
    const length = prefixLength[key];
    if (length === undefined || cidr === undefined) return [];
    if (length > addressBits(cidr.family)) {
      const message = `${length} is more than the ${addressBits(cidr.family)} bits of ${cidr.text}`;
      return [fault('filter-length', [...at, key], message, `Write at most ${addressBits(cidr.family)}.`)];
    }
    if (length >= cidr.length) return [];
    const message = `no prefix inside ${cidr.text} is as short as ${length} bits`;
    return [fault('filter-length', [...at, key], message, `Write at least ${cidr.length}.`)];
  });
  if (wrong.length > 0 || min === undefined || max === undefined || min <= max) return wrong;
  return [fault('filter-length', [...at, 'min'], `min ${min} is more than max ${max}`, 'Swap the two.')];
}
