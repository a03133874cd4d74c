import { calicoBird } from '../../../calico/node/config.ts';
import { nodeBlocks } from '../../../fabric/index.ts';
import { FAMILIES, type Family } from '../../../topology/address.ts';
import {
  type BirdConfig,
  configOf,
  fabricFor,
  LEFT_OUT,
  statementsOf,
  type Written,
  written,
  writtenFor,
} from './confd.ts';

const all = written();

function standIn(one: Written, family: Family): BirdConfig {
  const fabric = fabricFor(one);
  const node = fabric.nodes.find(({ name }) => name === one.node);
  if (node === undefined) throw new Error(`${one.topology} has no node ${one.node}`);
  const text = calicoBird({
    fabric,
    node,
    family,
    blocks: nodeBlocks(fabric).get(node.name) ?? [],
    dialect: 1,
    log: 'bird.log',
    passwordFile: (router) => `password-${router}.conf`,
  });
  // Its include is the password, which is excluded by name.
  return configOf(statementsOf(() => text.replaceAll('include "', 'password "'), one.node));
}

const plain = ({ parts }: BirdConfig) => [...parts].map(([head, lines]) => [head, ...lines].join('\n'));
/** BIRD processes protocols in their order; static, device and the like may be anywhere. */
const sessions = (config: BirdConfig) =>
  [...config.parts.keys()].filter((head) => head.startsWith('protocol bgp '));

const WHAT = 'what the lab gives a node is what confd writes for it';

if (all.length === 0) test.skip(WHAT, () => {});
else {
  const cases = all.flatMap((one) =>
    FAMILIES.map((family) => [one.topology, one.version, one.node, family, one] as const),
  );

  describe(WHAT, () => {
    test.each(cases)('%s, Calico %s: %s, %s', (_topology, _version, _node, family, one) => {
      const fabric = fabricFor(one);
      const node = fabric.nodes.find(({ name }) => name === one.node);
      const theirs = writtenFor(one, family);
      if (node?.address[family] === undefined) {
        // Excluded by name: the BIRD of a family in which the node has no address has no session.
        expect(sessions(theirs)).toEqual([]);
        return;
      }
      const ours = standIn(one, family);
      expect(plain(ours).sort()).toEqual(plain(theirs).sort());
      expect(sessions(ours)).toEqual(sessions(theirs));
    });

    const firsts = all.filter(({ topology, version }, index) => {
      const before = all[index - 1];
      return before?.topology !== topology || before.version !== version;
    });

    test.each(Object.keys(LEFT_OUT))('leaves out %s', (reason) => {
      const here = ({ leftOut }: BirdConfig) => leftOut.has(reason);
      expect(firsts.some((one) => here(writtenFor(one, 'ipv4')) || here(standIn(one, 'ipv6')))).toBe(true);
    });
  });
}
