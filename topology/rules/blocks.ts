import { BLOCK_SIZES } from '../../calico/defaults.ts';
import type { Family, Prefix } from '../address.ts';
import { contains } from '../address.ts';
import { blockSizeOf } from '../defaults.ts';
import type { Draft } from '../draft.ts';
import { entries, partPath } from '../draft.ts';
import type { Fault } from '../fault.ts';
import { fault } from '../fault.ts';
import type { Path } from '../model.ts';
import type { TopologyFile } from '../schema.ts';
import { FAMILY_NAME, podFamiliesOf } from './networks.ts';

/** IPAM blocks: their size, and that those seen on nodes fit the pools. */
export function blockRules(draft: Draft): Fault[] {
  const sizes = blockSizeFaults(draft);
  return [...sizes, ...nodeBlocks(draft, sizes.length === 0 && !draft.faulty('pods', 'blockSize'))];
}

type WrittenSize = TopologyFile['pods']['blockSize'];

const PATH: Path = ['pods', 'blockSize'];

const range = (family: Family): string =>
  `${BLOCK_SIZES[family].least} to ${BLOCK_SIZES[family].most} for ${FAMILY_NAME[family]}`;

const suits = (size: number, family: Family): boolean =>
  size >= BLOCK_SIZES[family].least && size <= BLOCK_SIZES[family].most;

function blockSizeFaults(draft: Draft): Fault[] {
  const written = draft.file.pods?.blockSize as WrittenSize;
  const families = podFamiliesOf(draft);
  if (draft.faulty(...PATH) || families === undefined) return [];
  if (typeof written === 'number') {
    if (families.some((family) => suits(written, family))) return largerThanPool(draft, written);
    const ranges = families.map(range).join(', ');
    return [fault('block-size', PATH, `${written} is not a valid block size here`, `Write ${ranges}.`)];
  }
  const wrong = (['ipv4', 'ipv6'] as const).flatMap((family): Fault[] => {
    const size = written?.[family];
    if (size === undefined) return [];
    if (!families.includes(family)) {
      const message = `pods have no ${FAMILY_NAME[family]}`;
      return [
        fault('block-size-family', [...PATH, family], message, 'Remove it, or add a range to pods.cidrs.'),
      ];
    }
    if (suits(size, family)) return [];
    return [
      fault('block-size', [...PATH, family], `${size} is not a valid block size`, `Write ${range(family)}.`),
    ];
  });
  return wrong.length > 0 ? wrong : largerThanPool(draft, written);
}

function largerThanPool(draft: Draft, written: WrittenSize): Fault[] {
  return pools(draft).flatMap(({ prefix, path }) => {
    const size = blockSizeOf(written, prefix.family);
    if (size >= prefix.length) return [];
    const isStated =
      typeof written === 'number' ? suits(written, prefix.family) : written?.[prefix.family] !== undefined;
    return isStated
      ? fault(
          'block-larger-than-pool',
          typeof written === 'number' ? PATH : [...PATH, prefix.family],
          `a /${size} block is larger than the pool ${prefix.text}`,
          `Write ${prefix.length} or more, or use a larger pool.`,
        )
      : fault(
          'block-larger-than-pool',
          path,
          `${prefix.text} is smaller than one block, which is a /${size} unless pods.blockSize is set`,
          `Use a larger pool, or set pods.blockSize to ${prefix.length} or more.`,
        );
  });
}

function pools(draft: Draft): { prefix: Prefix; path: Path }[] {
  return (['cidrs', 'retiring'] as const).flatMap((field) =>
    (draft.file.pods?.[field] ?? []).flatMap((prefix, index) =>
      prefix === undefined ? [] : [{ prefix, path: ['pods', field, index] }],
    ),
  );
}

interface NodeBlock {
  readonly prefix: Prefix;
  readonly path: Path;
  readonly node: string;
}

function nodeBlocks(draft: Draft, sizesHold: boolean): Fault[] {
  const families = podFamiliesOf(draft);
  if (families === undefined) return [];
  const all = pools(draft).map(({ prefix }) => prefix);
  const first = new Map<string, NodeBlock>();
  return seenBlocks(draft).flatMap((block): Fault[] => {
    const { prefix, path, node } = block;
    const ofFamily = all.filter(({ family }) => family === prefix.family);
    const [pool] = ofFamily;
    if (pool === undefined) {
      const message = `${prefix.text} is ${FAMILY_NAME[prefix.family]}, but pods have no ${FAMILY_NAME[prefix.family]}`;
      return [
        fault('block-family', path, message, 'Remove it: Calico allocates blocks only from its pools.'),
      ];
    }
    if (!ofFamily.some((one) => contains(one, prefix))) {
      const fix = `Write the block that calicoctl ipam show --show-blocks lists for ${node}, or remove it.`;
      return [fault('block-outside-pool', path, `${prefix.text} is outside the pool ${pool.text}`, fix)];
    }
    const size = blockSizeOf(draft.file.pods?.blockSize as WrittenSize, prefix.family);
    if (sizesHold && prefix.length !== size) {
      const fix = `Write a /${size}, or set pods.blockSize to the block size of the pool.`;
      return [fault('block-length', path, `${prefix.text} is not a /${size} block`, fix)];
    }
    const other = first.get(prefix.text);
    if (other === undefined) {
      first.set(prefix.text, block);
      return [];
    }
    const message =
      other.node === node
        ? `${prefix.text} is listed twice`
        : `${prefix.text} is also a block of ${other.node}`;
    const fix =
      other.node === node ? 'Remove one of the two.' : 'A block belongs to one node: correct one of the two.';
    return [
      fault('block-twice', path, message, fix, {
        notes: [{ path: other.path, message: 'first used here' }],
      }),
    ];
  });
}

function seenBlocks(draft: Draft): NodeBlock[] {
  return entries(draft.file.nodes).flatMap(([node, { block }]) => {
    const path = ['nodes', node, 'block'];
    const isList = Array.isArray(draft.written(path));
    return (block ?? []).flatMap((prefix, index) =>
      prefix === undefined
        ? []
        : [{ prefix, node, path: partPath(draft, path, isList ? index : prefix.family) }],
    );
  });
}
