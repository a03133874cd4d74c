import { addressToExpect, type DetectedAddress, detectedAddresses } from '../../fabric/index.ts';
import { listed } from '../../topology/suggest.ts';
import { type Check, type Found, someLines, someOf } from '../finding.ts';

/**
 * NE416: calico-node detects its own address, which may differ from the one that routers and other nodes peer with. An error if
 * the lab would build the network with another address; a warning if only interface names are unknown.
 */
export const foreignNodeAddress: Check = ({ fabric }) => {
  const { method } = fabric.calico.nodeAddress;
  const all = detectedAddresses(fabric);
  const wrong = all.filter((one) => !isPossible(one));
  const uncertain = all.filter((one) => isPossible(one) && (one.mayFail || one.may.length > 1));
  const isFeared = (one: DetectedAddress) => addressToExpect(one)?.text !== one.expected.text;
  const found = (
    severity: Found['severity'],
    about: readonly DetectedAddress[],
    message: (who: string) => string,
  ): Found[] =>
    about.length === 0
      ? []
      : [
          {
            id: 'NE416',
            severity,
            path: ['calico', 'nodeAddress'],
            message: message(someOf([...new Set(about.map(({ node }) => node.name))], 3)),
            evidence: someLines(about.map(evidence)),
            fix: FIXES[method] ?? FIX,
          },
        ];
  return [
    ...found(
      'error',
      wrong,
      (who) => `with ${method}, Calico on ${who} peers from an address that no peer expects`,
    ),
    ...found(
      'error',
      uncertain.filter(isFeared),
      (who) => `the address from which Calico on ${who} peers is unknown: ${method} may pick a different one`,
    ),
    ...found(
      'warning',
      uncertain.filter((one) => !isFeared(one)),
      (who) =>
        `the address from which Calico on ${who} peers is unknown: ${method} depends on more than the topology describes`,
    ),
  ];
};

const FIX =
  "Set calico.nodeAddress: kubernetes, which uses K3s' node-ip, or cidrs that contain only this address of each node.";

const BY_NAME = `${FIX} Or name the interfaces of each node under nodes.<name>.interfaces.`;

const FIXES: Readonly<Record<string, string>> = { interface: BY_NAME, skipInterface: BY_NAME };

const isPossible = ({ expected, may }: DetectedAddress): boolean =>
  may.some(({ text }) => text === expected.text);

function evidence({ node, expected, may, mayFail }: DetectedAddress): string {
  const taken = may.map(({ text }) => text).filter((text) => text !== expected.text);
  const none = 'none, so calico-node does not start';
  const others = listed([...taken, ...(mayFail ? [none] : [])], 'or');
  const verb = taken.length === may.length ? 'Calico picks' : 'Calico may pick';
  return `${node.name}: the topology has ${expected.text}, ${verb} ${others}`;
}
