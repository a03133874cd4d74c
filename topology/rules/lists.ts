import type { Draft } from '../draft.ts';
import { entries } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';

/** Lists in which a duplicate item is a mistake. */
export function listRules(draft: Draft): Fault[] {
  const { calico, checks, labels, regions, regionLabel } = draft.file;
  const detection = calico?.nodeAddress;
  const cidrs = typeof detection === 'object' ? detection.cidrs : undefined;
  return [
    ...repeated(['calico', 'imagePullSecrets'], calico?.imagePullSecrets),
    ...repeated(
      ['calico', 'nodeAddress', 'cidrs'],
      cidrs?.map((cidr) => cidr?.text),
    ),
    ...entries(calico?.filters).flatMap(([name, filter]) =>
      repeated(['calico', 'filters', name, 'routers'], filter.routers),
    ),
    ...repeated(['labels', 'retired'], labels?.retired),
    ...entries(regions).flatMap(([name, region]) => [
      ...repeated(['regions', name, 'routers'], region.routers),
      ...entries(region.registryMirrors).flatMap(([registry, endpoints]) =>
        repeated(['regions', name, 'registryMirrors', registry], endpoints),
      ),
    ]),
    ...repeated(
      ['checks', 'suppress'],
      checks?.suppress?.map((one) =>
        one?.id === undefined || one.where === undefined ? undefined : `${one.id} at ${one.where}`,
      ),
    ),
    ...retiredInUse(labels?.retired, regionLabel),
  ];
}

function repeated(path: Path, items: readonly (string | undefined)[] | undefined): Fault[] {
  const seen = new Set<string>();
  return (items ?? []).flatMap((item, index) => {
    if (item === undefined || !seen.has(item)) {
      if (item !== undefined) seen.add(item);
      return [];
    }
    return fault(
      'listed-twice',
      [...path, index],
      `${item} is already in this list`,
      'Remove one of the two.',
    );
  });
}

/** The label Job would set the label and remove it again. */
function retiredInUse(
  retired: readonly (string | undefined)[] | undefined,
  regionLabel: string | undefined,
): Fault[] {
  const index = regionLabel === undefined ? -1 : (retired ?? []).indexOf(regionLabel);
  if (index < 0) return [];
  const message = `${regionLabel} is the current regionLabel`;
  return [
    fault('label-in-use', ['labels', 'retired', index], message, 'Remove it here, or change regionLabel.'),
  ];
}
